/** What the plots show: the last ten minutes of a few numbers, kept in the page. */

/** Seconds. */
export const WINDOW = 600;

/** Seconds; a gap longer than this is shown as one: the page was not connected. */
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
    while (this.#samples[0] && this.#samples[0].at < at - WINDOW) this.#samples.shift();
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
