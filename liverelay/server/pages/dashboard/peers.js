/** Who is in a room, what each sends and gets, and kicking them out. */

import { attempt, confirmed, say } from './actions.js';
import { request } from './api.js';
import { button, card, h, KeyedList, setText } from './dom.js';
import { formatDuration, plural } from './format.js';
import { shortId } from './room_names.js';
import { Search } from './search.js';
import { describeSession, firstSessions, groupByPeer } from './session_figures.js';

/** @typedef {import('./session_figures.js').SessionFigures} SessionFigures */
/** @typedef {import('./session_figures.js').Peer} Peer */

/** Sessions; more would make the page slow, and who looks for one can search it. */
const MOST_SHOWN = 50;

/** @param {Peer} peer */
const peerIdOf = (peer) => peer.peer_id;

/** @param {SessionFigures} session */
const sessionIdOf = (session) => session.session_id;

export class PeersCard {
  #roomId;
  #onKicked;
  #rows = h('ul', { class: 'list' });
  #list = new KeyedList(this.#rows, peerIdOf, (peer) => this.#createRow(peer));
  #search = new Search('Find a peer', 'The id of a peer or session', () => this.update());
  #note = h('p', { class: 'quiet', hidden: true });
  /** @type {SessionFigures[]} */
  #sessions = [];
  /** @type {number | null} Seconds of the page's clock; null until it is told who is in. */
  #toldAt = null;

  /**
   * @param {string} roomId
   * @param {() => void} onKicked Called when there may be fewer peers than shown.
   */
  constructor(roomId, onKicked) {
    this.#roomId = roomId;
    this.#onKicked = onKicked;
    this.element = card('Peers', this.#search.element, this.#rows, this.#note);
    this.element.tabIndex = -1;
  }

  /** @param {SessionFigures[]} sessions Of the whole room, as they are now. */
  show(sessions) {
    this.#sessions = sessions;
    this.#toldAt = performance.now() / 1000;
    this.update();
  }

  /** Lets the ages grow. */
  update() {
    if (this.#toldAt === null) return;
    const found = this.#search.choose(this.#sessions, (session) =>
      [session.peer_id, session.session_id].join(' '),
    );
    this.#list.update(firstSessions(groupByPeer(found), MOST_SHOWN));
    const rest = this.#describeRest(found.length);
    this.#note.hidden = !rest;
    setText(this.#note, rest);
  }

  /** @param {number} found */
  #describeRest(found) {
    if (this.#sessions.length === 0) return 'Nobody is in. Send somebody a link.';
    if (found === 0) return 'No peer matches.';
    return found > MOST_SHOWN ? `And ${plural(found - MOST_SHOWN, 'more session')}.` : '';
  }

  /** @param {Peer} peer */
  #createRow(peer) {
    const name = `${peer.name} ${shortId(peer.peer_id)}`;
    const kick = button('Kick', () => this.#kick(peer.peer_id, name, kick), {
      class: 'button small',
      'aria-label': `Kick ${name}`,
    });
    const sessions = h('ul', { class: 'sessions' });
    const list = new KeyedList(sessions, sessionIdOf, () => this.#createSession());
    const element = h(
      'li',
      {},
      h('div', { class: 'row apart together' }, h('strong', {}, name), kick),
      sessions,
    );
    return { element, update: (/** @type {Peer} */ now) => list.update(now.sessions) };
  }

  #createSession() {
    const lines = [0, 1].map(() => h('div', { class: 'quiet small numbers' }));
    const update = (/** @type {SessionFigures} */ session) => {
      const age = session.age + performance.now() / 1000 - (this.#toldAt ?? 0);
      const texts = describeSession(session, formatDuration(age));
      lines.forEach((line, index) => setText(line, texts[index] ?? ''));
    };
    return { element: h('li', {}, ...lines), update };
  }

  /**
   * @param {string} peerId
   * @param {string} name
   * @param {HTMLButtonElement} pressed
   */
  async #kick(peerId, name, pressed) {
    const count = this.#sessions.filter(({ peer_id: id }) => id === peerId).length;
    const stays = 'Its token stays valid: it can come back, but not by itself.';
    const text = `${describeEnd(count)} ${stays}`;
    if (!(await confirmed({ title: `Kick ${name.toLowerCase()}?`, text, action: 'Kick' }))) return;
    await attempt(pressed, () => this.#end(peerId, name));
    this.#onKicked();
  }

  /**
   * @param {string} peerId
   * @param {string} name
   */
  async #end(peerId, name) {
    await request('DELETE', `v1/rooms/${this.#roomId}/peers/${peerId}`);
    say(`${name} is kicked`);
    // The button will be gone; whoever uses the keyboard goes on from here.
    this.element.focus();
  }
}

/** @param {number} sessions */
function describeEnd(sessions) {
  if (sessions === 1) return 'Its session ends at once.';
  return `${plural(sessions, 'session')} end at once: all who use its link are one peer.`;
}
