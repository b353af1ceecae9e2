/** How long to wait before asking the server again. */

/**
 * Doubling delays with jitter: without it, everyone who lost the same server would come back in
 * the same instant. Times are seconds.
 */
export class Backoff {
  #random;
  #first;
  #most;
  #count = 0;

  /**
   * @param {() => number} random
   * @param {{ first: number, most: number }} bounds The ceiling of the first delay, and of them all.
   */
  constructor(random, { first, most }) {
    this.#random = random;
    this.#first = first;
    this.#most = most;
  }

  /** How many delays have been taken. */
  get count() {
    return this.#count;
  }

  /**
   * The next delay: between half of its ceiling and all of it, and never less than what the server
   * asked for.
   *
   * @param {number} [retryAfter]
   */
  next(retryAfter = 0) {
    const ceiling = Math.min(this.#most, this.#first * 2 ** this.#count);
    this.#count += 1;
    return retryAfter + ceiling * (0.5 + this.#random() / 2);
  }
}
