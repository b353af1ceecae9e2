/** A short form of the browser's statistics, with bit rates worked out between two calls. */
export type TrackStats = {
    kind: 'audio' | 'video';
    direction: 'outbound' | 'inbound';
    /**
     * Such as `video/VP8`.
     */
    codec: string | null;
    bytes: number;
    packets: number;
    packetsLost: number;
    /**
     * Bits per second since the previous call; null on the first.
     */
    bitrate: number | null;
    framesPerSecond: number | null;
    width: number | null;
    height: number | null;
};
export type SessionStats = {
    /**
     * Seconds.
     */
    roundTripTime: number | null;
    tracks: TrackStats[];
    /**
     * All that the browser has.
     */
    report: RTCStatsReport | null;
};
/**
 * @typedef {object} TrackStats
 * @property {'audio' | 'video'} kind
 * @property {'outbound' | 'inbound'} direction
 * @property {string | null} codec Such as `video/VP8`.
 * @property {number} bytes
 * @property {number} packets
 * @property {number} packetsLost
 * @property {number | null} bitrate Bits per second since the previous call; null on the first.
 * @property {number | null} framesPerSecond
 * @property {number | null} width
 * @property {number | null} height
 */
/**
 * @typedef {object} SessionStats
 * @property {number | null} roundTripTime Seconds.
 * @property {TrackStats[]} tracks
 * @property {RTCStatsReport | null} report All that the browser has.
 */
export declare class StatsReader {
    #private;
    /**
     * @param {RTCPeerConnection | undefined} peerConnection
     * @returns {Promise<SessionStats>}
     */
    read(peerConnection: RTCPeerConnection | undefined): Promise<SessionStats>;
}
