/** One room: its picture, numbers, links and peers. */

import { attempt, confirmed, say } from './actions.js';
import { request } from './api.js';
import { button, h, setText } from './dom.js';
import { formatShare, plural } from './format.js';
import { LinksCard } from './links.js';
import { PeersCard } from './peers.js';
import { Plots } from './plots.js';
import { describeAge, roomName, shortId, TYPE_HINTS } from './room_names.js';
import { RoomStatistics } from './room_statistics.js';
import { Stage } from './stage.js';
import { StreamsCard } from './streams.js';
import { createBadge } from './tiles.js';

/** @typedef {import('./live_data.js').LiveData} LiveData */
/** @typedef {import('./live_data.js').Room} Room */
/** @typedef {{ links: import('./links.js').Links, onAir: import('./on_air.js').OnAir }} Context */

export class RoomView {
  #data;
  #context;
  #roomId;
  /** @type {RoomPanels | null} */
  #panels = null;
  #gone = gone();

  /**
   * @param {LiveData} data
   * @param {Context} context
   * @param {string} roomId
   */
  constructor(data, context, roomId) {
    this.#data = data;
    this.#context = context;
    this.#roomId = roomId;
    this.title = `Room ${shortId(roomId)}`;
    this.element = h(
      'div',
      {},
      h(
        'nav',
        { class: 'crumbs', 'aria-label': 'Where you are' },
        h('a', { href: '#/rooms' }, '← All rooms'),
      ),
      this.#gone,
    );
    this.update();
  }

  update() {
    const room = this.#data.room(this.#roomId);
    this.#gone.hidden = Boolean(room) || !this.#data.server;
    if (!room) return this.close();
    if (!this.#panels) {
      this.#panels = new RoomPanels(room, this.#context);
      this.element.append(this.#panels.element);
    }
    this.#panels.update(room, this.#data);
  }

  /** @param {import('./event_stream.js').ServerEvent} event */
  onEvent({ type, data }) {
    const isOfRoom = data.room_id === this.#roomId && /joined|left/.test(type);
    // A snapshot comes after a lost connection: who knows what has happened meanwhile.
    if (isOfRoom || type === 'snapshot') this.#panels?.lookAgain();
  }

  close() {
    this.#panels?.close();
    this.#panels = null;
  }
}

/** Everything of a room that exists. */
class RoomPanels {
  #badge = createBadge();
  #hint = h('p', { class: 'lead' });
  #plots = new Plots();
  #streams = new StreamsCard();
  #peers;
  #stage;
  #statistics;

  /**
   * @param {Room} room
   * @param {Context} context
   */
  constructor(room, { links, onAir }) {
    this.#peers = new PeersCard(room.id, () => this.lookAgain());
    this.#statistics = new RoomStatistics(room.id, (sessions) => {
      this.#peers.show(sessions);
      this.#streams.showForwarded(sessions);
    });
    this.#stage = new Stage(room.state, onAir);
    this.element = h(
      'div',
      {},
      this.#head(room),
      this.#plots.element,
      h(
        'div',
        { class: 'split' },
        h('div', {}, this.#stage.element, this.#streams.element),
        h('div', {}, new LinksCard(room.state, links).element, this.#peers.element),
      ),
    );
  }

  /**
   * @param {Room} room
   * @param {LiveData} data
   */
  update(room, data) {
    this.#badge.update(room.isLive);
    setText(this.#hint, describe(room, data.now));
    this.#plots.update(room.history);
    this.#stage.update(room.isLive);
    this.#streams.update(room.state.publications);
    this.#peers.update();
  }

  /** Asks who is in, soon. */
  lookAgain() {
    this.#statistics.soon();
  }

  close() {
    this.#statistics.close();
    this.#stage.close();
    this.element.remove();
  }

  /** @param {Room} room */
  #head(room) {
    const remove = button('Delete room', () => deleteRoom(room, remove));
    const title = h(
      'div',
      { class: 'row' },
      h('h1', {}, roomName(room.state)),
      this.#badge.element,
    );
    return h('div', { class: 'row apart head' }, h('div', {}, title, this.#hint), remove);
  }
}

/**
 * @param {Room} room
 * @param {HTMLButtonElement} pressed
 */
async function deleteRoom(room, pressed) {
  const text = 'Everyone in it is disconnected, and its links and tokens stop working.';
  const title = `Delete ${roomName(room.state)}?`;
  if (!(await confirmed({ title, text, action: 'Delete room' }))) return;
  await attempt(pressed, async () => {
    await request('DELETE', `v1/rooms/${room.id}`);
    location.hash = '#/rooms';
    say(`${roomName(room.state)} is deleted`);
  });
}

/**
 * @param {Room} room
 * @param {number} now
 */
function describe(room, now) {
  const { room_type: type, publisher_count: publishers, outbound } = room.state;
  const age = describeAge(room, now);
  if (!room.isLive) return `${TYPE_HINTS[type]} · ${age}`;
  const lost = outbound.fraction_lost;
  const loss = lost == null ? '' : `loss to viewers ${formatShare(lost)}`;
  return [plural(publishers, 'publisher'), loss, age].filter(Boolean).join(' · ');
}

function gone() {
  return h(
    'section',
    { class: 'card empty', hidden: true },
    h('h1', {}, 'This room is gone'),
    h(
      'p',
      { class: 'quiet' },
      'It was deleted, or its id is wrong. Choose another, or make a new one.',
    ),
    h('a', { class: 'button primary', href: '#/rooms' }, 'All rooms'),
  );
}
