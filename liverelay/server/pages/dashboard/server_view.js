/** The server itself: how it is, and what is in the way of media. */

import { card, h, KeyedList } from './dom.js';
import {
  formatCount,
  formatDuration,
  formatMilliseconds,
  formatShare,
  formatSize,
} from './format.js';
import { createFacts, createTiles } from './tiles.js';

/** @typedef {import('./live_data.js').LiveData} LiveData */
/** @typedef {import('./live_data.js').ServerState} ServerState */
/** @typedef {import('./live_data.js').Finding} Finding */

/**
 * Checks whose names are abbreviations.
 *
 * @type {Record<string, string>}
 */
const CHECKS = { https: 'HTTPS' };

/** @param {Finding} finding */
const keyOf = ({ check, detail }) => check + detail;

export class ServerView {
  title = 'Server';
  #data;
  #tiles = createTiles(['Version', 'Uptime', 'CPU', 'Memory', 'Packets in', 'Packets out']);
  #facts = createFacts(FACTS);
  #findings = h('ul', { class: 'list' });
  #list = new KeyedList(this.#findings, keyOf, createFinding);
  #fine = h('p', { class: 'quiet' }, 'Nothing is in the way of media.');

  /** @param {LiveData} data */
  constructor(data) {
    this.#data = data;
    this.element = h(
      'div',
      {},
      h('div', { class: 'head' }, h('h1', {}, 'Server')),
      this.#tiles.element,
      h(
        'div',
        { class: 'split' },
        card('Warnings', this.#findings, this.#fine),
        card('Network', this.#facts.element),
      ),
    );
    this.update();
  }

  update() {
    const { server } = this.#data;
    if (!server) return;
    this.#fine.hidden = server.warnings.length > 0;
    this.#list.update(server.warnings);
    this.#tiles.update([
      server.version,
      formatDuration(server.uptime_secs),
      formatShare(server.cpu_fraction),
      formatSize(server.memory_size),
      `${formatCount(server.inbound.packets_per_second)}/s`,
      `${formatCount(server.outbound.packets_per_second)}/s`,
    ]);
    this.#facts.update(describeUdp(server));
  }
}

const FACTS = [
  'Media at',
  'Socket buffer',
  'Packets refused',
  'Packets not sent',
  'Sessions',
  'Event loop lag',
];

/** @param {ServerState} server */
function describeUdp({ udp, sessions_active: sessions, event_loop_lag_secs: lag }) {
  return [
    udp.addresses.map((address) => formatAddress(address, udp.port)).join(', '),
    formatSize(udp.buffer_size),
    describeCounts(udp.dropped),
    describeCounts(udp.unsent),
    formatCount(sessions),
    formatMilliseconds(lag),
  ];
}

/**
 * @param {string} address
 * @param {number} port
 */
function formatAddress(address, port) {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** @param {Record<string, number>} counts */
function describeCounts(counts) {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return (
    parts
      .map(([reason, count]) => `${formatCount(count)} ${reason.replaceAll('_', ' ')}`)
      .join(', ') || 'none'
  );
}

/** @param {Finding} finding */
function createFinding({ check, level, detail, advice }) {
  const badge = h(
    'span',
    { class: 'badge', 'data-level': level },
    level === 'fail' ? 'Broken' : 'Warning',
  );
  const element = h(
    'li',
    {},
    h('div', { class: 'row tight' }, h('strong', { class: 'capital' }, CHECKS[check] ?? check), badge),
    h('div', { class: 'capital' }, detail),
    advice && h('div', { class: 'quiet' }, ...markOptions(advice)),
  );
  return { element, update: () => undefined };
}

/**
 * Options of the command line are not broken at their hyphens.
 *
 * @param {string} advice
 */
function markOptions(advice) {
  return advice
    .split(/(--[\w-]+)/)
    .map((part) => (part.startsWith('--') ? h('code', { class: 'option' }, part) : part));
}
