/** Rows of single numbers, each with its name. */

import { h, setText } from './dom.js';
import { formatBitrate, formatCount, formatShare } from './format.js';

/**
 * Builds the tiles once, and changes their numbers from then on.
 *
 * @param {string[]} names
 */
export function createTiles(names) {
  const values = names.map(() => h('dd', { class: 'numbers' }));
  const element = h(
    'dl',
    { class: 'tiles' },
    ...names.map((name, index) =>
      h('div', { class: 'card tile' }, h('dt', {}, name), values[index]),
    ),
  );
  /** @param {(string | number)[]} texts */
  const update = (texts) => texts.forEach((text, index) => setText(values[index], text));
  return { element, update };
}

/**
 * The same, smaller, for the numbers of one row of a list.
 *
 * @param {string[]} names
 */
export function createFigures(names) {
  const { element, update } = createTiles(names);
  element.className = names.length === 5 ? 'figures five' : 'figures';
  for (const tile of element.children) tile.className = '';
  return { element, update };
}

/**
 * The same as a plain list.
 *
 * @param {string[]} names
 */
export function createFacts(names) {
  const values = names.map(() => h('dd', { class: 'numbers' }));
  const element = h(
    'dl',
    { class: 'facts' },
    ...names.flatMap((name, index) => [h('dt', {}, name), values[index]]),
  );
  /** @param {string[]} texts */
  const update = (texts) => texts.forEach((text, index) => setText(values[index], text));
  return { element, update };
}

/** Names of what `roomFigures` returns. */
export const ROOM_FIGURES = ['Publishers', 'Viewers', 'Inbound', 'Outbound', 'Loss'];

/** @param {import('./live_data.js').RoomState} room */
export function roomFigures({
  publisher_count: publishers,
  subscriber_count: viewers,
  inbound,
  outbound,
}) {
  return [
    formatCount(publishers),
    formatCount(viewers),
    formatBitrate(inbound.bitrate_bps),
    formatBitrate(outbound.bitrate_bps),
    formatShare(outbound.fraction_lost),
  ];
}

/** Whether a room is live. */
export function createBadge() {
  const element = h('span', { class: 'badge' });
  /** @param {boolean} isLive */
  const update = (isLive) => {
    setText(element, isLive ? 'Live' : 'Nobody live');
    element.toggleAttribute('data-live', isLive);
  };
  return { element, update };
}
