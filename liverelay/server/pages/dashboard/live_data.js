/** What the server has told at `/v1/events`, put together, with ten minutes of history. */

import { History, WINDOW } from './history.js';

/** @typedef {{ packets_per_second: number | null, bitrate_bps: number | null }} Flow */
/**
 * @typedef {object} StreamState One encoding that carries media.
 * @property {number} ssrc
 * @property {string | null} mime_type
 * @property {string | null} rid
 * @property {boolean} active
 * @property {number | null} frame_width
 * @property {number | null} frame_height
 * @property {number | null} bitrate_bps
 * @property {number | null} fraction_lost
 * @property {number} jitter Seconds.
 */
/**
 * @typedef {object} PublicationState
 * @property {string} peer_id
 * @property {string} session_id
 * @property {'audio' | 'video'} kind
 * @property {StreamState[]} streams
 */
/**
 * @typedef {object} RoomState
 * @property {string} room_id
 * @property {string} room_type
 * @property {number} created_at_secs Its age when it was last told.
 * @property {number | null} live_secs
 * @property {number} publisher_count
 * @property {number} subscriber_count
 * @property {Flow} inbound
 * @property {Flow & { fraction_lost: number | null }} outbound
 * @property {PublicationState[]} publications
 */
/** @typedef {{ check: string, level: string, detail: string, advice: string }} Finding */
/**
 * @typedef {object} UdpState
 * @property {number} port
 * @property {string[]} addresses
 * @property {number} buffer_size
 * @property {Record<string, number>} dropped
 * @property {Record<string, number>} unsent
 */
/**
 * @typedef {object} ServerState
 * @property {string} version
 * @property {number} uptime_secs
 * @property {number} sessions_active
 * @property {number} subscribers_active
 * @property {number | null} cpu_fraction
 * @property {number} memory_size
 * @property {number} event_loop_lag_secs
 * @property {Flow} inbound
 * @property {Flow} outbound
 * @property {UdpState} udp
 * @property {Finding[]} warnings
 */

/** @typedef {{ at: number, inbound: Rate, outbound: Rate }} Entry `at` in unix seconds. */
/** @typedef {{ bitrate_bps: number }} Rate */
/**
 * @typedef {object} ServerHistory What the server remembers of ten minutes, oldest first.
 * @property {number} interval Seconds.
 * @property {(Entry & { subscribers_active: number })[]} server
 * @property {Record<string, (Entry & { subscriber_count: number })[]>} rooms
 */

const NOTHING = Object.freeze({ packets_per_second: 0, bitrate_bps: 0 });

/** What a room is while nobody is in. */
const EMPTY = Object.freeze({
  publisher_count: 0,
  subscriber_count: 0,
  live_secs: null,
  inbound: NOTHING,
  outbound: { ...NOTHING, fraction_lost: null },
  publications: [],
});

/** A room, when it was made, and its history. Times are seconds of the page's clock. */
export class Room {
  history = new History();

  /**
   * @param {RoomState} state
   * @param {number} now
   */
  constructor(state, now) {
    this.id = state.room_id;
    this.state = state;
    this.madeAt = now - state.created_at_secs;
    this.toldAt = now;
  }

  get isLive() {
    return this.state.publisher_count > 0;
  }

  get isEmpty() {
    return this.state.publisher_count + this.state.subscriber_count === 0;
  }

  /** @param {number} now */
  age(now) {
    return now - this.madeAt;
  }
}

/** Columns of histories: bits per second inbound, outbound; viewers. */
export class LiveData {
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  /** @type {ServerState | null} */
  server = null;
  history = new History();
  /** Seconds of the page's clock at the last event. */
  now = 0;

  /** Those that are live first, then the newest. */
  get rooms() {
    return [...this.#rooms.values()].sort(
      (a, b) => Number(b.isLive) - Number(a.isLive) || b.madeAt - a.madeAt,
    );
  }

  /** @param {string} roomId */
  room(roomId) {
    return this.#rooms.get(roomId);
  }

  /**
   * @param {import('./event_stream.js').ServerEvent} event
   * @param {number} now Seconds.
   */
  apply({ type, data }, now) {
    this.now = now;
    if (type === 'snapshot') this.#replace(data, now);
    else if (type === 'statistics') this.#refresh(data, now);
    else if (type === 'room.created') this.#keep({ ...EMPTY, ...data, created_at_secs: 0 }, now);
    else if (type === 'room.deleted') this.#rooms.delete(data.room_id);
  }

  /**
   * @param {{ server: ServerState, rooms: RoomState[], history: ServerHistory }} snapshot Of all
   *   rooms.
   * @param {number} now
   */
  #replace({ server, rooms, history }, now) {
    this.server = server;
    const ids = new Set(rooms.map((room) => room.room_id));
    for (const id of this.#rooms.keys()) if (!ids.has(id)) this.#rooms.delete(id);
    for (const room of rooms) this.#keep(room, now);
    this.#recall(history, now);
  }

  /**
   * @param {ServerHistory} history
   * @param {number} now
   */
  #recall({ interval, server, rooms }, now) {
    // The clocks of server and page may differ by hours. The latest entry is of just now.
    const delay = now - (server.at(-1)?.at ?? 0);
    const own = server.map((entry) => toSample(entry, entry.subscribers_active, delay));
    this.history.fill(own, interval);
    for (const [id, entries] of Object.entries(rooms)) {
      const samples = entries.map((entry) => toSample(entry, entry.subscriber_count, delay));
      this.#rooms.get(id)?.history.fill(samples, interval);
    }
  }

  /**
   * @param {{ server: ServerState, rooms: RoomState[] }} statistics Of rooms with sessions.
   * @param {number} now
   */
  #refresh({ server, rooms }, now) {
    this.server = server;
    const told = new Set(rooms.map((room) => room.room_id));
    // Not those that were deleted while the server was writing this.
    for (const room of rooms) if (this.#rooms.has(room.room_id)) this.#keep(room, now);
    for (const room of this.#rooms.values()) {
      if (!told.has(room.id)) room.state = { ...room.state, ...EMPTY };
      if (now - room.toldAt > WINDOW) {
        // Nobody has been in for so long: of thousands of such rooms there is nothing to keep.
        room.history = new History();
      } else {
        const { inbound, outbound, subscriber_count: viewers } = room.state;
        addSample(room.history, now, inbound, outbound, viewers);
      }
    }
    addSample(this.history, now, server.inbound, server.outbound, server.subscribers_active);
  }

  /**
   * @param {RoomState} state
   * @param {number} now
   */
  #keep(state, now) {
    const room = this.#rooms.get(state.room_id);
    if (room) Object.assign(room, { state, toldAt: now });
    else this.#rooms.set(state.room_id, new Room(state, now));
  }
}

/**
 * @param {Entry} entry
 * @param {number} viewers
 * @param {number} delay What the page's clock is ahead of the server's, in seconds.
 */
function toSample({ at, inbound, outbound }, viewers, delay) {
  return { at: at + delay, values: [inbound.bitrate_bps, outbound.bitrate_bps, viewers] };
}

/**
 * @param {History} history
 * @param {number} now
 * @param {Flow} inbound
 * @param {Flow} outbound
 * @param {number} viewers
 */
function addSample(history, now, inbound, outbound, viewers) {
  // A rate is not known before the second look.
  if (inbound.bitrate_bps == null || outbound.bitrate_bps == null) return;
  history.add(now, [inbound.bitrate_bps, outbound.bitrate_bps, viewers]);
}
