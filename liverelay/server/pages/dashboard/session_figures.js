/** What each session of a room sends and gets, out of looks at the room's statistics. */

import { formatBitrate, formatMilliseconds, formatShare } from './format.js';
import { ROLES } from './room_names.js';

/**
 * @typedef {object} StreamStats What inbound and outbound streams have in common.
 * @property {'audio' | 'video'} kind
 * @property {number} ssrc
 * @property {string | null} rid
 * @property {boolean} active
 * @property {number | null} frame_width
 * @property {number | null} frame_height
 */
/**
 * @typedef {StreamStats & {
 *   packets_received: number, bytes_received: number, packets_lost: number,
 * }} InboundRtp
 */
/**
 * @typedef {StreamStats & {
 *   bytes_sent: number, fraction_lost: number | null, round_trip_time: number | null,
 * }} OutboundRtp
 */
/**
 * @typedef {object} SessionStats As `GET /v1/rooms/{room_id}/stats` tells it.
 * @property {string} session_id
 * @property {string} peer_id
 * @property {'publish' | 'subscribe' | 'call'} kind
 * @property {'connecting' | 'connected'} state
 * @property {number} age_secs
 * @property {number | null} available_outgoing_bitrate
 * @property {InboundRtp[]} inbound_rtp
 * @property {OutboundRtp[]} outbound_rtp
 */
/**
 * @typedef {object} Flow
 * @property {number | null} bitrate_bps Null before the second look.
 * @property {number | null} fraction_lost
 * @property {string} picture Size and layer, or what there is instead; empty for sound alone.
 */
/**
 * @typedef {object} SessionFigures
 * @property {string} session_id
 * @property {string} peer_id
 * @property {string} kind
 * @property {boolean} isConnected
 * @property {number} age Seconds.
 * @property {Flow | null} sends
 * @property {(Flow & { round_trip_time: number | null, carries_bps: number | null }) | null} gets
 */
/** @typedef {{ peer_id: string, name: string, sessions: SessionFigures[] }} Peer */

/** Seconds; a rate over less than this is mostly chance. */
const SHORTEST = 1;

const NO_VIDEO = 'no video now';

/** @typedef {{ at: number, values: number[], rates: (number | null)[] }} Counters */

/** Remembers the counters of the last look, to tell rates. */
export class SessionMeter {
  /** @type {Map<string, Counters>} */
  #before = new Map();
  /** @type {Map<string, Counters>} */
  #now = new Map();

  /**
   * @param {SessionStats[]} sessions All of a room.
   * @param {number} now Seconds.
   * @returns {SessionFigures[]}
   */
  read(sessions, now) {
    this.#now = new Map();
    const figures = sessions.map((session) => ({
      session_id: session.session_id,
      peer_id: session.peer_id,
      kind: session.kind,
      isConnected: session.state === 'connected',
      age: session.age_secs,
      sends: this.#sends(session, now),
      gets: this.#gets(session, now),
    }));
    this.#before = this.#now;
    return figures;
  }

  /**
   * @param {SessionStats} session
   * @param {number} now
   */
  #sends({ session_id: id, inbound_rtp: streams }, now) {
    if (!streams.length) return null;
    const rates = streams.map(({ ssrc, bytes_received, packets_received, packets_lost }) =>
      this.#rates(`${id} in ${ssrc}`, [bytes_received, packets_received, packets_lost], now),
    );
    const [bytes, received, lost] = [0, 1, 2].map((column) => sum(rates.map((of) => of[column])));
    return {
      bitrate_bps: bytes == null ? null : 8 * bytes,
      fraction_lost: fraction(lost, received),
      // Every layer is in the list of streams.
      picture: describePicture({ ...largest(streams), rid: null }),
    };
  }

  /**
   * @param {SessionStats} session
   * @param {number} now
   */
  #gets({ session_id: id, outbound_rtp: streams, available_outgoing_bitrate }, now) {
    if (!streams.length) return null;
    const bytes = sum(
      streams.map(({ ssrc, bytes_sent }) => this.#rates(`${id} out ${ssrc}`, [bytes_sent], now)[0]),
    );
    return {
      bitrate_bps: bytes == null ? null : 8 * bytes,
      fraction_lost: worst(streams.map((stream) => stream.fraction_lost)),
      round_trip_time: worst(streams.map((stream) => stream.round_trip_time)),
      carries_bps: available_outgoing_bitrate,
      picture: describePicture(largest(streams)),
    };
  }

  /**
   * What each of some counters grows by in a second.
   *
   * @param {string} key
   * @param {number[]} values
   * @param {number} now
   */
  #rates(key, values, now) {
    let counters = this.#before.get(key) ?? { at: now, values, rates: values.map(() => null) };
    const seconds = now - counters.at;
    if (seconds >= SHORTEST) {
      const { values: before } = counters;
      const rates = values.map((value, index) => (value - before[index]) / seconds);
      counters = { at: now, values, rates };
    }
    this.#now.set(key, counters);
    return counters.rates;
  }
}

/**
 * The peers of a room, those who send first. Several people who use one link are one peer with
 * several sessions.
 *
 * @param {SessionFigures[]} sessions
 * @returns {Peer[]}
 */
export function groupByPeer(sessions) {
  /** @type {Map<string, SessionFigures[]>} */
  const byPeer = new Map();
  for (const session of sessions) {
    const own = byPeer.get(session.peer_id);
    if (own) own.push(session);
    else byPeer.set(session.peer_id, [session]);
  }
  const peers = [...byPeer].map(([peer_id, own]) => {
    return { peer_id, sessions: own, name: roleOf(own) };
  });
  return peers.sort((a, b) => Number(isViewer(a)) - Number(isViewer(b)));
}

/**
 * As many peers as have `most` sessions together; the last of them with some of its own.
 *
 * @param {Peer[]} peers
 * @param {number} most
 */
export function firstSessions(peers, most) {
  let left = most;
  return peers
    .map((peer) => {
      const sessions = peer.sessions.slice(0, left);
      left -= sessions.length;
      return { ...peer, sessions };
    })
    .filter(({ sessions }) => sessions.length > 0);
}

/**
 * One session in a few lines: for how long it has been in, what it sends, and what it gets.
 *
 * @param {SessionFigures} session
 * @param {string} since For how long it has been in.
 */
export function describeSession({ isConnected, sends, gets }, since) {
  if (!isConnected) return ['connecting'];
  const out = sends && describeFlow('sends', sends);
  const into = gets && [
    ...describeFlow('gets', gets),
    gets.round_trip_time != null && `round trip ${formatMilliseconds(gets.round_trip_time)}`,
    gets.carries_bps != null && `path carries ${formatBitrate(gets.carries_bps)}`,
  ];
  const [first = [], ...others] = [out, into].filter((parts) => parts != null);
  return [[`in for ${since}`, ...first], ...others].map(joinParts);
}

/**
 * How many sessions get which picture, the most frequent first; empty if none gets video.
 *
 * @param {SessionFigures[]} sessions
 */
export function describeForwarded(sessions) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { gets } of sessions) {
    if (gets?.picture) counts.set(gets.picture, (counts.get(gets.picture) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return joinParts(sorted.map(([picture, count]) => `${picture} to ${count}`));
}

/**
 * @param {string} verb
 * @param {Flow} flow
 */
function describeFlow(verb, { bitrate_bps: bps, fraction_lost: lost, picture }) {
  return [
    bps != null && `${verb} ${formatBitrate(bps)}`,
    picture,
    lost != null && `loss ${formatShare(lost)}`,
  ];
}

/** @param {(string | false)[]} parts Each stays on one line, with the dot behind it. */
function joinParts(parts) {
  return parts
    .filter((part) => part)
    .map((part) => String(part).replaceAll(' ', '\u00a0'))
    .join('\u00a0· ');
}

/** @param {Partial<StreamStats>} stream The video, if there is any. */
function describePicture({ kind, active, rid, frame_width: width, frame_height: height }) {
  if (!kind) return '';
  if (!active) return NO_VIDEO;
  const size = width && height ? `${width}×${height}` : 'video';
  return rid ? `${size}, layer ${rid}` : size;
}

/**
 * The largest picture of those that flow.
 *
 * @param {StreamStats[]} streams
 * @returns {Partial<StreamStats>}
 */
function largest(streams) {
  const size = (/** @type {StreamStats} */ { active, frame_width: width, frame_height: height }) =>
    active ? 1 + (width ?? 0) * (height ?? 0) : 0;
  return streams
    .filter(({ kind }) => kind === 'video')
    .reduce((/** @type {Partial<StreamStats>} */ best, stream) => {
      return !best.kind || size(stream) > size(/** @type {StreamStats} */ (best)) ? stream : best;
    }, {});
}

/** @param {SessionFigures[]} sessions Of one peer. */
function roleOf(sessions) {
  const kinds = new Set(sessions.map(({ kind }) => kind));
  return kinds.size > 1 ? ROLES.call : ROLES[sessions[0].kind];
}

/** @param {Peer} peer */
function isViewer({ name }) {
  return name === ROLES.subscribe;
}

/**
 * The sum of those that are known; null if none is.
 *
 * @param {(number | null)[]} values
 */
function sum(values) {
  const known = values.filter((value) => value != null);
  return known.length ? known.reduce((total, value) => total + value, 0) : null;
}

/**
 * The highest of those that are known; null if none is.
 *
 * @param {(number | null)[]} values
 */
function worst(values) {
  const known = values.filter((value) => value != null);
  return known.length ? Math.max(...known) : null;
}

/**
 * The share that was lost; duplicates can make `lost` negative.
 *
 * @param {number | null} lost
 * @param {number | null} received
 */
function fraction(lost, received) {
  if (lost == null || received == null || lost + received <= 0) return null;
  return Math.min(1, Math.max(0, lost / (lost + received)));
}
