/** The plots of a room, and of all rooms together. */

import { h } from './dom.js';
import { formatBitrate, formatCount } from './format.js';
import { Plot } from './plot.js';

/** The columns are those of `LiveData`. */
export class Plots {
  #plots = [
    new Plot({ title: 'Viewers', column: 2, format: formatCount, least: 4 }),
    new Plot({ title: 'Inbound', column: 0, format: formatBitrate, least: 100_000 }),
    new Plot({ title: 'Outbound', column: 1, format: formatBitrate, least: 100_000 }),
  ];

  element = h('div', { class: 'plots' }, ...this.#plots.map(({ element }) => element));

  /** @param {import('./history.js').History} history */
  update(history) {
    for (const plot of this.#plots) plot.update(history);
  }
}
