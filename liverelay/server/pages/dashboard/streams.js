/** What is published in a room: one row for each encoding that carries media. */

import { card, h, KeyedList, setText } from './dom.js';
import { formatBitrate, formatMilliseconds, formatShare, UNKNOWN } from './format.js';
import { shortId } from './room_names.js';
import { describeForwarded } from './session_figures.js';
import { createFigures } from './tiles.js';

/** @typedef {import('./live_data.js').PublicationState} PublicationState */
/** @typedef {import('./live_data.js').StreamState & { kind: string, peer_id: string }} Row */

const NOTHING = 'Nothing is published. Go live from here, or make a link for whoever does.';

export class StreamsCard {
  #rows = h('ul', { class: 'list' });
  #list = new KeyedList(this.#rows, (/** @type {Row} */ { ssrc }) => String(ssrc), createRow);
  #note = h('p', { class: 'quiet numbers' });
  #count = 0;
  #forwarded = '';

  constructor() {
    this.element = card('Published streams', this.#rows, this.#note);
    this.#describe();
  }

  /** @param {PublicationState[]} publications */
  update(publications) {
    const rows = publications.flatMap(({ kind, peer_id, streams }) =>
      streams.map((stream) => ({ ...stream, kind, peer_id })),
    );
    this.#list.update(rows);
    this.#count = rows.length;
    this.#describe();
  }

  /** @param {import('./session_figures.js').SessionFigures[]} sessions All of the room. */
  showForwarded(sessions) {
    this.#forwarded = describeForwarded(sessions);
    this.#describe();
  }

  #describe() {
    const forwarded = this.#forwarded && `Forwarded: ${this.#forwarded}`;
    const text = this.#count ? forwarded : NOTHING;
    this.#note.hidden = !text;
    this.#note.classList.toggle('small', this.#count > 0);
    setText(this.#note, text);
  }
}

/** @param {Row} stream */
function createRow(stream) {
  const codec = h('span', { class: 'tag' });
  const from = h('span', { class: 'quiet small' });
  const figures = createFigures(['Bit rate', 'Loss', 'Jitter']);
  const kind = stream.kind === 'video' ? 'Video' : 'Audio';
  const name = stream.rid ? `${kind}, layer ${stream.rid}` : kind;
  const element = h(
    'li',
    { class: 'room-row' },
    h(
      'div',
      { class: 'room-name' },
      h('div', { class: 'row tight' }, h('strong', {}, name), codec),
      from,
    ),
    figures.element,
  );
  const update = (/** @type {Row} */ now) => {
    setText(codec, now.mime_type?.split('/')[1] ?? UNKNOWN);
    const parts = [formatPicture(now), !now.active && 'paused', `from ${shortId(now.peer_id)}`];
    setText(from, parts.filter(Boolean).join(' · '));
    figures.update([
      formatBitrate(now.bitrate_bps),
      formatShare(now.fraction_lost),
      formatMilliseconds(now.jitter),
    ]);
  };
  return { element, update };
}

/** @param {Row} stream */
function formatPicture({ frame_width: width, frame_height: height }) {
  return width && height ? `${width}×${height}` : '';
}
