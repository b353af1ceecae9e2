/** All rooms of the server: what is live, and what it carries. */

import { SERVER } from '../shared/page.js';
import { attempt } from './actions.js';
import { request } from './api.js';
import { button, h, KeyedList, setText } from './dom.js';
import { formatCount, plural } from './format.js';
import { Plots } from './plots.js';
import { describeAge, roomLink, roomName, TYPE_HINTS } from './room_names.js';
import { Search } from './search.js';
import { createBadge, createFigures, ROOM_FIGURES, roomFigures } from './tiles.js';

/** @typedef {import('./live_data.js').LiveData} LiveData */
/** @typedef {import('./live_data.js').Room} Room */

/** More would make the page slow; those that are live come first. */
const MOST_SHOWN = 200;

export class RoomsView {
  title = 'Rooms';
  #data;
  #links;
  #lead = h('p', { class: 'lead' });
  #plots = new Plots();
  #rows = h('ul', { class: 'list card' });
  #list = new KeyedList(
    this.#rows,
    (/** @type {Room} */ room) => room.id,
    (room) => this.#createRow(room),
  );
  #more = h('p', { class: 'quiet', role: 'status', hidden: true });
  #search = new Search('Find a room', 'Its name or id', () => this.update());
  #empty = emptyState();

  /**
   * @param {LiveData} data
   * @param {import('./links.js').Links} links
   */
  constructor(data, links) {
    this.#data = data;
    this.#links = links;
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'row apart head' },
        h('div', {}, h('h1', {}, 'Rooms'), this.#lead),
        this.#creators(),
      ),
      this.#plots.element,
      this.#empty,
      this.#search.element,
      this.#rows,
      this.#more,
    );
    this.update();
  }

  update() {
    const { rooms, server, history } = this.#data;
    if (!server) return;
    const found = this.#search.choose(rooms, ({ id, state }) => `${roomName(state)} ${id}`);
    this.#empty.hidden = rooms.length > 0;
    this.#rows.hidden = found.length === 0;
    this.#describeRest(rooms.length > 0 && found.length === 0, found.length - MOST_SHOWN);
    setText(this.#lead, summarize(rooms));
    this.#plots.update(history);
    this.#list.update(found.slice(0, MOST_SHOWN));
  }

  /**
   * @param {boolean} isNoneFound
   * @param {number} rest How many rooms are not shown.
   */
  #describeRest(isNoneFound, rest) {
    this.#more.hidden = !isNoneFound && rest <= 0;
    setText(this.#more, isNoneFound ? 'No room matches.' : `And ${plural(rest, 'more room')}.`);
  }

  #creators() {
    const broadcast = this.#creator('broadcast', 'New broadcast', true);
    return h('div', { class: 'row' }, broadcast, this.#creator('call', 'New call', false));
  }

  /**
   * @param {string} type
   * @param {string} label
   * @param {boolean} primary
   */
  #creator(type, label, primary) {
    const create = async () => {
      const { id, tokens } = await request('POST', 'v1/rooms', { room_type: type });
      this.#links.addNewRoom(id, tokens);
      // The event that says so may come a moment later.
      this.#data.apply(
        { type: 'room.created', data: { room_id: id, room_type: type } },
        this.#data.now,
      );
      location.hash = roomLink(id);
    };
    const pressed = button(label, () => attempt(pressed, create), {
      class: primary ? 'button primary' : 'button',
      title: TYPE_HINTS[type],
    });
    return pressed;
  }

  /** @param {Room} room */
  #createRow(room) {
    const hint = h('span', { class: 'quiet small' });
    const badge = createBadge();
    const figures = createFigures(ROOM_FIGURES);
    const name = h('a', { href: roomLink(room.id) }, roomName(room.state));
    const element = h(
      'li',
      { class: 'room-row' },
      h('div', { class: 'room-name' }, h('div', { class: 'row tight' }, name, badge.element), hint),
      figures.element,
    );
    const update = (/** @type {Room} */ now) => {
      badge.update(now.isLive);
      setText(hint, describe(now, this.#data.now));
      figures.element.hidden = now.isEmpty;
      figures.update(roomFigures(now.state));
    };
    return { element, update };
  }
}

/** @param {Room[]} rooms */
function summarize(rooms) {
  const live = rooms.filter((room) => room.isLive).length;
  const publishers = rooms.reduce((sum, { state }) => sum + state.publisher_count, 0);
  if (!live) return 'Nobody is live.';
  const [all, by] = [plural(rooms.length, 'room'), plural(publishers, 'publisher')];
  return `${formatCount(live)} of ${all} live, with ${by}.`;
}

/**
 * @param {Room} room
 * @param {number} now
 */
function describe(room, now) {
  const types = room.state.publications.flatMap(({ streams }) =>
    streams.map(({ mime_type: type }) => type),
  );
  // Sorted backwards, video is before audio.
  const parts = [...new Set(types)]
    .sort()
    .reverse()
    .map((type) => type?.split('/')[1])
    .filter(Boolean);
  return [...parts, describeAge(room, now)].join(' · ');
}

const CURL = `curl -X POST ${SERVER}v1/rooms \\
  -H "Authorization: Bearer $KEY" \\
  -d '{"room_type": "broadcast"}'`;

function emptyState() {
  return h(
    'section',
    { class: 'card empty', hidden: true },
    h('h2', {}, 'No rooms yet'),
    h(
      'p',
      { class: 'quiet' },
      'Make one with “New broadcast”: you get a link to go live, and one to watch.',
    ),
    h('p', { class: 'quiet' }, 'Or let your backend do it:'),
    h('pre', { tabindex: 0 }, h('code', {}, CURL)),
  );
}
