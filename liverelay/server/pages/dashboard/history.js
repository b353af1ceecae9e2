/** What the plots show: ten minutes of a few numbers, as the page and the server know them. */

/** Seconds. */
export const WINDOW = 600;

/** Seconds; a gap longer than this is shown as one: neither page nor server knows of that time. */
export const GAP = 10;

/** @typedef {{ at: number, values: number[] }} Sample `at` in seconds, on a steady clock. */

/** Samples of some numbers that belong together, oldest first. */
export class History {
  /** @type {Sample[]} */
  #samples = [];

  /**
   * @param {number} at
   * @param {number[]} values
   */
  add(at, values) {
    this.#samples.push({ at, values });
    this.#forget(at - WINDOW);
  }

  /**
   * Takes from samples of another source, which has fewer, those of times that are not known here.
   *
   * @param {Sample[]} samples
   * @param {number} interval Seconds between two of them.
   */
  fill(samples, interval) {
    const own = this.#samples;
    const missing = samples.filter(
      ({ at }) => !own.some((sample) => Math.abs(sample.at - at) < interval),
    );
    this.#samples = [...own, ...missing].sort((a, b) => a.at - b.at);
    this.#forget((this.#samples.at(-1)?.at ?? 0) - WINDOW);
  }

  /** @param {number} start */
  #forget(start) {
    while (this.#samples[0] && this.#samples[0].at < start) this.#samples.shift();
  }

  /** @returns {readonly Sample[]} */
  get samples() {
    return this.#samples;
  }

  /** The samples in runs without a gap. */
  runs() {
    /** @type {Sample[][]} */
    const runs = [];
    let previous = -Infinity;
    for (const sample of this.#samples) {
      if (sample.at - previous > GAP) runs.push([]);
      runs.at(-1)?.push(sample);
      previous = sample.at;
    }
    return runs;
  }
}
