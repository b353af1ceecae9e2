/**
 * What is tried when a connection falters: another path for it, and in time another connection.
 *
 * Browsers report `disconnected` after a few seconds without answers. Often that passes by itself;
 * if the device has changed its network it does not, because the sockets are gone, and an ICE
 * restart makes new ones. The server keeps everything else.
 */

/** @import { Environment } from './environment.js' */

import { LiveRelayError } from './errors.js';
import { withTimeout } from './wait.js';

/**
 * At most, since all viewers of a server falter at once when it is the one that was cut off; each
 * takes between half of it and all. Seconds.
 */
const RESTART_AFTER = 1;
const RESTART_TIMEOUT = 3;

/** From the interruption on, whatever became of a restart. Seconds. */
const GIVE_UP_AFTER = 4;

/** The answers of a server that does not have the session any more, or not as this page has it. */
const GONE = [404, 409, 410];

export class Recovery {
  #environment;
  #restart;
  #giveUp;
  #lifetime = new AbortController();
  #restarting = false;
  /** @type {(() => void)[]} */
  #timers = [];
  /** @type {(() => void) | undefined} */
  #stopObserving;

  /**
   * @param {Environment} environment
   * @param {{ restart: (signal: AbortSignal) => Promise<void>, giveUp: () => void }} actions
   */
  constructor(environment, { restart, giveUp }) {
    this.#environment = environment;
    this.#restart = restart;
    this.#giveUp = giveUp;
  }

  /** The connection is well: now for the first time, or again. */
  onConnected() {
    this.#stopTimers();
    this.#stopObserving ??= this.#environment.observeNetwork(() => void this.#tryRestart());
  }

  /** The connection has faltered; being told so again changes nothing. */
  onInterrupted() {
    if (this.#timers.length > 0) return;
    const { startTimer, random } = this.#environment;
    const restartAfter = RESTART_AFTER * (0.5 + random() / 2);
    this.#timers = [
      startTimer(restartAfter, () => void this.#tryRestart()),
      startTimer(GIVE_UP_AFTER, () => this.#giveUp()),
    ];
  }

  end() {
    this.#lifetime.abort();
    this.#stopTimers();
    this.#stopObserving?.();
  }

  async #tryRestart() {
    if (this.#restarting) return;
    this.#restarting = true;
    try {
      await withTimeout(this.#environment, {
        seconds: RESTART_TIMEOUT,
        signal: this.#lifetime.signal,
        work: this.#restart,
      });
    } catch (error) {
      // The old path may come back until it is given up, unless there is nothing it could lead to.
      const isGone = error instanceof LiveRelayError && GONE.includes(error.httpStatus ?? 0);
      if (isGone && this.#timers.length > 0) this.#giveUp();
    } finally {
      this.#restarting = false;
    }
  }

  #stopTimers() {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }
}
