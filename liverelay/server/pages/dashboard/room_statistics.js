/** Asking for the statistics of one room, again and again while somebody looks at it. */

import { report } from './actions.js';
import { request, RequestError } from './api.js';
import { SessionMeter } from './session_figures.js';

/** @typedef {import('./session_figures.js').SessionFigures} SessionFigures */

/** Seconds from one look to the next. */
const PERIOD = 3;

/** Seconds from the first look to the second, before which no rate is known. */
const FIRST_PERIOD = 1;

/** Seconds more than that for each session: the answer for a thousand is a megabyte. */
const PER_SESSION = 0.02;

/** Seconds: a crowd that joins at once is one question to the server. */
const SOON = 0.3;

/** @param {number} sessions */
export function period(sessions) {
  return Math.max(PERIOD, sessions * PER_SESSION);
}

export class RoomStatistics {
  #roomId;
  #onSessions;
  #meter = new SessionMeter();
  #count = 0;
  #isFirst = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #dueAt = Infinity;
  #isAsking = false;
  #closing = new AbortController();

  /**
   * @param {string} roomId
   * @param {(sessions: SessionFigures[]) => void} onSessions Called after each look.
   */
  constructor(roomId, onSessions) {
    this.#roomId = roomId;
    this.#onSessions = onSessions;
    const { signal } = this.#closing;
    const onVisibility = () => !document.hidden && this.soon();
    document.addEventListener('visibilitychange', onVisibility, { signal });
    this.#ask();
  }

  /** Something has changed: looks before it would have. */
  soon() {
    this.#askIn(Math.max(SOON, period(this.#count) / 10));
  }

  close() {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  /** @param {number} seconds Or earlier, if that was wanted before. */
  #askIn(seconds) {
    const dueAt = performance.now() / 1000 + seconds;
    if (this.#closing.signal.aborted || this.#dueAt <= dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#ask(), seconds * 1000);
  }

  async #ask() {
    this.#dueAt = Infinity;
    // Whoever comes back to the page is shown new figures; until then nobody looks.
    if (document.hidden) return;
    if (this.#isAsking) return this.#askIn(SOON);
    this.#isAsking = true;
    try {
      const { sessions } = await request('GET', `v1/rooms/${this.#roomId}/stats`);
      if (this.#closing.signal.aborted) return;
      this.#count = sessions.length;
      this.#onSessions(this.#meter.read(sessions, performance.now() / 1000));
    } catch (error) {
      // Why else there is no answer, the events say as well; and so that the room is gone.
      if (!(error instanceof RequestError) || error.isKeyRefused) report(error);
    } finally {
      this.#isAsking = false;
      this.#askIn(this.#isFirst ? FIRST_PERIOD : period(this.#count));
      this.#isFirst = false;
    }
  }
}
