/** Who is in a room, and kicking them out. */

import { attempt, confirmed, say } from './actions.js';
import { request, RequestError } from './api.js';
import { button, card, h, KeyedList, setText } from './dom.js';
import { formatDuration, plural } from './format.js';
import { ROLES, shortId } from './room_names.js';

/** @typedef {{ session_id: string, kind: string, state: string, age_secs: number }} SessionState */
/** @typedef {{ peer_id: string, role: string, sessions: SessionState[] }} PeerState */

/** More would make the page slow, and nobody reads them. */
const MOST_SHOWN = 50;

/** Milliseconds: a crowd that joins at once is one question to the server. */
const RELOAD_AFTER = 300;

/** @param {PeerState} peer */
const peerIdOf = (peer) => peer.peer_id;

export class PeersCard {
  #roomId;
  #rows = h('ul', { class: 'list' });
  #list = new KeyedList(this.#rows, peerIdOf, (peer) => this.#createRow(peer));
  #note = h('p', { class: 'quiet', hidden: true });
  /** @type {PeerState[]} */
  #peers = [];
  #loadedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} roomId */
  constructor(roomId) {
    this.#roomId = roomId;
    this.element = card('Peers', this.#rows, this.#note);
    this.#load();
  }

  /** Asks who is in, soon. */
  reload() {
    this.#timer ??= setTimeout(() => this.#load(), RELOAD_AFTER);
  }

  /** Lets the ages grow. */
  update() {
    this.#list.update(this.#peers.slice(0, MOST_SHOWN));
  }

  async #load() {
    this.#timer = undefined;
    try {
      this.#peers = await request('GET', `v1/rooms/${this.#roomId}/peers`);
    } catch (error) {
      // The events say so as well, and more often.
      if (error instanceof RequestError) return;
      throw error;
    }
    this.#loadedAt = performance.now();
    const hidden = this.#peers.length - MOST_SHOWN;
    this.#note.hidden = this.#peers.length > 0 && hidden <= 0;
    const more = `And ${plural(hidden, 'more peer')}.`;
    setText(this.#note, this.#peers.length ? more : 'Nobody is in. Send somebody a link.');
    this.update();
  }

  /** @param {PeerState} peer */
  #createRow(peer) {
    const name = `${ROLES[peer.role]} ${shortId(peer.peer_id)}`;
    const state = h('span', { class: 'quiet small numbers' });
    const kick = button('Kick', () => this.#kick(peer, name, kick), {
      class: 'button small',
      'aria-label': `Kick ${name}`,
    });
    const element = h(
      'li',
      { class: 'row apart together' },
      h('div', {}, h('div', {}, name), state),
      kick,
    );
    const update = (/** @type {PeerState} */ now) => {
      setText(state, describe(now, (performance.now() - this.#loadedAt) / 1000));
    };
    return { element, update };
  }

  /**
   * @param {PeerState} peer
   * @param {string} name
   * @param {HTMLButtonElement} pressed
   */
  async #kick({ peer_id: peerId }, name, pressed) {
    const text =
      'All its sessions end at once. Its token stays valid: it can come back, but not by itself.';
    if (!(await confirmed({ title: `Kick ${name.toLowerCase()}?`, text, action: 'Kick' }))) return;
    await attempt(pressed, async () => {
      await request('DELETE', `v1/rooms/${this.#roomId}/peers/${peerId}`);
      say(`${name} is kicked`);
    });
  }
}

/**
 * @param {PeerState} peer
 * @param {number} since Seconds since the server was asked.
 */
function describe({ sessions }, since) {
  const oldest = Math.max(...sessions.map(({ age_secs: age }) => age)) + since;
  const isConnected = sessions.some(({ state }) => state === 'connected');
  const state = isConnected ? `in for ${formatDuration(oldest)}` : 'connecting';
  return sessions.length > 1 ? `${plural(sessions.length, 'session')} · ${state}` : state;
}
