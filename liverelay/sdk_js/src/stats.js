/** A short form of the browser's statistics, with bit rates worked out between two calls. */

/**
 * @typedef {object} TrackStats
 * @property {'audio' | 'video'} kind What the track is.
 * @property {'outbound' | 'inbound'} direction Whether it is sent or received.
 * @property {string | null} codec Such as `video/VP8`.
 * @property {number} bytes Sent or received since the connection was made, without headers.
 * @property {number} packets Sent or received since the connection was made.
 * @property {number} packetsLost On the way from here to the server, or from the server to here.
 * @property {number | null} bitrate Bits per second since the previous call; null on the first.
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

export class StatsReader {
  /** @type {Map<string, { bytes: number, timestamp: number }>} */
  #previous = new Map();

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
    const previous = this.#previous;
    this.#previous = new Map();
    const tracks = entries
      .filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp')
      .map((entry) => this.#track(entry, { entries, before: previous.get(entry.id) }));
    return { roundTripTime: pair?.currentRoundTripTime ?? null, tracks, report };
  }

  /**
   * @param {any} entry
   * @param {{ entries: any[], before: { bytes: number, timestamp: number } | undefined }} context
   * @returns {TrackStats}
   */
  #track(entry, { entries, before }) {
    const inbound = entry.type === 'inbound-rtp';
    const bytes = (inbound ? entry.bytesReceived : entry.bytesSent) ?? 0;
    // What a publisher loses is known to the server, which reports it back.
    const remote = inbound ? entry : entries.find(({ localId }) => localId === entry.id);
    this.#previous.set(entry.id, { bytes, timestamp: entry.timestamp });
    const elapsed = before ? (entry.timestamp - before.timestamp) / 1000 : 0;
    return {
      kind: entry.kind,
      direction: inbound ? 'inbound' : 'outbound',
      codec: entries.find(({ id }) => id === entry.codecId)?.mimeType ?? null,
      bytes,
      packets: (inbound ? entry.packetsReceived : entry.packetsSent) ?? 0,
      packetsLost: remote?.packetsLost ?? 0,
      bitrate: before && elapsed > 0 ? ((bytes - before.bytes) * 8) / elapsed : null,
      framesPerSecond: entry.framesPerSecond ?? null,
      width: entry.frameWidth ?? null,
      height: entry.frameHeight ?? null,
    };
  }
}
