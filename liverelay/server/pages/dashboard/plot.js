/**
 * A number, and a line plot of its last ten minutes as SVG, with the same as text for those who do
 * not see it.
 */

import { h, setText, svg } from './dom.js';
import { formatDuration } from './format.js';
import { GAP, WINDOW } from './history.js';

/** @typedef {{ at: number, value: number }} Point */

/**
 * @typedef {object} PlotOptions
 * @property {string} title
 * @property {number} column Which number of a sample it shows.
 * @property {(value: number) => string} format
 * @property {number} least The scale ends here or above, so that noise does not look like news.
 */

const HEIGHT = 104;
const TOP = 6;
const BOTTOM = 20;
const MINUTE = 60;

export class Plot {
  #options;
  #width = 320;
  /** @type {Point[][]} */
  #runs = [];
  #value = h('strong', { class: 'numbers' });
  #picture = svg('svg', { height: HEIGHT, role: 'img', class: 'plot-picture' });
  #table = h('tbody');
  #details;

  /** @param {PlotOptions} options */
  constructor(options) {
    this.#options = options;
    const head = h(
      'tr',
      {},
      h('th', { scope: 'col' }, 'Minute'),
      h('th', { scope: 'col' }, `${options.title}, mean`),
    );
    this.#details = h(
      'details',
      { ontoggle: () => this.#drawTable() },
      h('summary', { 'aria-label': `${options.title} as a table` }, 'Table'),
      h('table', { class: 'compact' }, h('thead', {}, head), this.#table),
    );
    const caption = h('figcaption', {}, h('span', { class: 'quiet' }, options.title), this.#value);
    this.element = h('figure', { class: 'plot card' }, caption, this.#picture, this.#details);
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect.width)).observe(this.element);
  }

  /** @param {import('./history.js').History} history */
  update(history) {
    const { column, format } = this.#options;
    this.#runs = history
      .runs()
      .map((run) => run.map(({ at, values }) => ({ at, value: values[column] })));
    const last = this.#runs.at(-1)?.at(-1);
    setText(this.#value, last ? format(last.value) : format(0));
    this.#draw();
    this.#drawTable();
  }

  /** @param {number} width */
  #resize(width) {
    if (Math.abs(width - this.#width) < 1) return;
    this.#width = width;
    this.#draw();
  }

  #draw() {
    const points = this.#runs.flat();
    const highest = roundUp(Math.max(this.#options.least, ...points.map(({ value }) => value)));
    const scale = new Scale(this.#width, points.at(-1)?.at ?? 0, highest);
    this.#picture.setAttribute('viewBox', `0 0 ${this.#width} ${HEIGHT}`);
    this.#picture.setAttribute('aria-label', describe(this.#options, this.#runs));
    this.#picture.replaceChildren(
      ...drawGrid(scale),
      ...this.#runs.flatMap((run) => drawRun(scale, run)),
      ...drawLabels(scale, this.#options.format(highest)),
    );
  }

  #drawTable() {
    if (!this.#details.open) return;
    const rows = perMinute(this.#runs.flat()).map(({ ago, mean }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, ago ? `${ago} min ago` : 'now'),
        h('td', {}, this.#options.format(mean)),
      ),
    );
    this.#table.replaceChildren(...rows);
  }
}

/** From seconds and values to the picture's units. */
class Scale {
  /**
   * @param {number} width
   * @param {number} now
   * @param {number} highest
   */
  constructor(width, now, highest) {
    this.width = width;
    this.now = now;
    this.highest = highest;
    this.bottom = HEIGHT - BOTTOM;
  }

  /** @param {number} at */
  x(at) {
    return round(this.width - 2 - ((this.now - at) / WINDOW) * (this.width - 2));
  }

  /** @param {number} value */
  y(value) {
    return round(this.bottom - (value / this.highest) * (this.bottom - TOP));
  }
}

/**
 * @param {Scale} scale
 * @param {Point[]} run
 */
function drawRun(scale, run) {
  const points = run.map(({ at, value }) => `${scale.x(at)},${scale.y(value)}`);
  const [first, last] = [scale.x(run[0].at), scale.x(run[run.length - 1].at)];
  const area = [`${first},${scale.bottom}`, ...points, `${last},${scale.bottom}`].join(' ');
  // One point alone has no length; drawn to itself, the round end of the line makes it a dot.
  const line = [...points, points[points.length - 1]].join(' ');
  return [
    svg('polygon', { class: 'area', points: area }),
    svg('polyline', { class: 'line', points: line }),
  ];
}

/** @param {Scale} scale */
function drawGrid(scale) {
  return [0, 0.5, 1].map((part) => {
    const y = scale.y(scale.highest * part);
    return svg('line', { class: 'grid', x1: 0, x2: scale.width, y1: y, y2: y });
  });
}

/**
 * @param {Scale} scale
 * @param {string} highest
 */
function drawLabels(scale, highest) {
  return [
    { x: 0, y: TOP + 13, text: highest },
    { x: 0, y: HEIGHT - 4, text: '10 min ago' },
    { x: scale.width, y: HEIGHT - 4, text: 'now', 'text-anchor': 'end' },
  ].map(({ text, ...place }) => svg('text', place, text));
}

/**
 * The plot in words, which say of how much of the ten minutes anything is known.
 *
 * @param {Pick<PlotOptions, 'title' | 'format'>} options
 * @param {Point[][]} runs
 */
export function describe({ title, format }, runs) {
  if (!runs.length) return `${title}: nothing yet`;
  const values = runs.flat().map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)].map(format);
  const range = low === high ? low : `between ${low} and ${high}`;
  const known = runs.reduce((sum, run) => sum + run[run.length - 1].at - run[0].at, 0);
  // With two gaps less, nobody who listens misses anything.
  const isWhole = known > WINDOW - 2 * GAP;
  const part = isWhole ? '' : `, of which ${formatDuration(Math.max(1, known))} are known`;
  return `${title} in the last ten minutes${part}: ${range}`;
}

/**
 * The mean of each minute, the latest first.
 *
 * @param {Point[]} points
 */
export function perMinute(points) {
  const now = points.at(-1)?.at ?? 0;
  /** @type {Map<number, number[]>} */
  const minutes = new Map();
  for (const { at, value } of [...points].reverse()) {
    const ago = Math.floor((now - at) / MINUTE);
    minutes.set(ago, [...(minutes.get(ago) ?? []), value]);
  }
  return [...minutes].map(([ago, values]) => ({
    ago,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  }));
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/**
 * The next value that looks good at the end of a scale.
 *
 * @param {number} value
 */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * /** @type {number} */ (STEPS.find((step) => step * power >= value * 0.999));
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
