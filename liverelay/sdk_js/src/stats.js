/** A short form of the browser's statistics, with bit rates worked out between two calls. */

/**
 * @typedef {object} TrackStats
 * @property {'audio' | 'video'} kind What the track is.
 * @property {'outbound' | 'inbound'} direction Whether it is sent or received.
 * @property {string | null} codec Such as `video/VP8`.
 * @property {number} bytes Sent or received since the connection was made, without headers.
 * @property {number} packets Sent or received since the connection was made.
 * @property {number} packetsLost On the way from here to the server, or from the server to here.
 * @property {number | null} bitrate Bits per second since the previous call; null on the first call
 *   of each connection, and where the browser's counter has begun again.
 * @property {number | null} framesPerSecond Sent or received; null for sound.
 * @property {number | null} width Of the picture, in pixels; null for sound.
 * @property {number | null} height Of the picture, in pixels; null for sound.
 */

/**
 * @typedef {object} SessionStats
 * @property {number | null} roundTripTime To the server and back, in seconds.
 * @property {TrackStats[]} tracks One for each track that is sent or received.
 * @property {RTCStatsReport | null} report All that the browser has; null while not connected.
 */

/** @typedef {{ bytes: number, timestamp: number }} Sample Of one track; `timestamp` in milliseconds. */

export class StatsReader {
  /**
   * By the id of the track, for each connection: another one counts from zero, maybe under the same ids.
   *
   * @type {WeakMap<RTCPeerConnection, Map<string, Sample>>}
   */
  #samples = new WeakMap();

  /**
   * @param {RTCPeerConnection | undefined} peerConnection
   * @returns {Promise<SessionStats>}
   */
  async read(peerConnection) {
    if (!peerConnection) return { roundTripTime: null, tracks: [], report: null };
    const report = await peerConnection.getStats();
    const entries = /** @type {any[]} */ ([...report.values()]);
    const pair = entries.find(
      (entry) => entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded',
    );
    const before = this.#samples.get(peerConnection);
    const now = new Map();
    this.#samples.set(peerConnection, now);
    const tracks = entries
      .filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp')
      .map((entry) => {
        const track = statsOfTrack(entry, entries);
        const sample = { bytes: track.bytes, timestamp: entry.timestamp };
        now.set(entry.id, sample);
        return { ...track, bitrate: bitrateBetween(before?.get(entry.id), sample) };
      });
    return { roundTripTime: pair?.currentRoundTripTime ?? null, tracks, report };
  }
}

/**
 * @param {any} entry
 * @param {any[]} entries
 * @returns {Omit<TrackStats, 'bitrate'>}
 */
function statsOfTrack(entry, entries) {
  const inbound = entry.type === 'inbound-rtp';
  // What a publisher loses is known to the server, which reports it back.
  const remote = inbound ? entry : entries.find(({ localId }) => localId === entry.id);
  return {
    kind: entry.kind,
    direction: inbound ? 'inbound' : 'outbound',
    codec: entries.find(({ id }) => id === entry.codecId)?.mimeType ?? null,
    bytes: (inbound ? entry.bytesReceived : entry.bytesSent) ?? 0,
    packets: (inbound ? entry.packetsReceived : entry.packetsSent) ?? 0,
    packetsLost: remote?.packetsLost ?? 0,
    framesPerSecond: entry.framesPerSecond ?? null,
    width: entry.frameWidth ?? null,
    height: entry.frameHeight ?? null,
  };
}

/**
 * In bits per second; null where the two have nothing between them that could be told.
 *
 * @param {Sample | undefined} before
 * @param {Sample} now
 */
function bitrateBetween(before, now) {
  if (!before || now.timestamp <= before.timestamp || now.bytes < before.bytes) return null;
  return ((now.bytes - before.bytes) * 8 * 1000) / (now.timestamp - before.timestamp);
}
