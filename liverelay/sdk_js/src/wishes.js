/** Telling the server what a session has use for: one request at a time, the latest wish last. */

/** @import { Environment } from './environment.js' */
/** @import { Change } from './preference.js' */

import { isTransient } from './errors.js';
import { patchSession } from './protocol.js';
import { pause, withTimeout } from './wait.js';

/** For an answer, and before what was lost is told once more. Seconds. */
const ANSWER_TIMEOUT = 5;
const REPEAT_AFTER = 1;

export class Wishes {
  #environment;
  #session;
  #signal;
  /** @type {Change} What the server does not know yet. */
  #untold = {};
  #due = false;
  #telling = false;

  /**
   * @param {Environment} environment
   * @param {{ url: string, token: string, signal: AbortSignal }} session Nothing is told any more
   *   once `signal` is aborted.
   */
  constructor(environment, { signal, ...session }) {
    this.#environment = environment;
    this.#session = session;
    this.#signal = signal;
  }

  /**
   * Returns at once. A change that is lost is told once more, then with the next one.
   *
   * @param {Change} change
   */
  tell(change) {
    this.#untold = { ...this.#untold, ...change };
    this.#due = true;
    if (!this.#telling) void this.#tellAll();
  }

  async #tellAll() {
    this.#telling = true;
    let repeats = false;
    while (this.#due && !this.#signal.aborted) {
      const isLost = !(await this.#tellLatest());
      repeats = isLost && !repeats;
      if (repeats) await this.#pause();
      this.#due ||= repeats;
    }
    this.#telling = false;
  }

  /** Returns whether there is no use in telling the same again. */
  async #tellLatest() {
    const change = this.#untold;
    this.#untold = {};
    this.#due = false;
    try {
      await withTimeout(this.#environment, {
        seconds: ANSWER_TIMEOUT,
        signal: this.#signal,
        work: (signal) => patchSession(this.#environment, { ...this.#session, change, signal }),
      });
    } catch (error) {
      if (!isTransient(error)) return true;
      this.#untold = { ...change, ...this.#untold };
      return false;
    }
    return true;
  }

  async #pause() {
    await pause(this.#environment, { seconds: REPEAT_AFTER, signal: this.#signal }).catch(() => {});
  }
}
