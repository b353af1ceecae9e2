/** A short form of the browser's statistics, with bit rates worked out between two calls. */
export type TrackStats = {
    /**
     * What the track is.
     */
    kind: 'audio' | 'video';
    /**
     * Whether it is sent or received.
     */
    direction: 'outbound' | 'inbound';
    /**
     * Such as `video/VP8`.
     */
    codec: string | null;
    /**
     * Sent or received since the connection was made, without headers.
     */
    bytes: number;
    /**
     * Sent or received since the connection was made.
     */
    packets: number;
    /**
     * On the way from here to the server, or from the server to here.
     */
    packetsLost: number;
    /**
     * Bits per second since the previous call; null on the first call
     * of each connection, and where the browser's counter has begun again.
     */
    bitrate: number | null;
    /**
     * Sent or received; null for sound.
     */
    framesPerSecond: number | null;
    /**
     * Of the picture, in pixels; null for sound.
     */
    width: number | null;
    /**
     * Of the picture, in pixels; null for sound.
     */
    height: number | null;
};
export type SessionStats = {
    /**
     * To the server and back, in seconds.
     */
    roundTripTime: number | null;
    /**
     * One for each track that is sent or received.
     */
    tracks: TrackStats[];
    /**
     * All that the browser has; null while not connected.
     */
    report: RTCStatsReport | null;
};
export type Sample = {
    bytes: number;
    timestamp: number;
};
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
export declare class StatsReader {
    #private;
    /**
     * @param {RTCPeerConnection | undefined} peerConnection
     * @returns {Promise<SessionStats>}
     */
    read(peerConnection: RTCPeerConnection | undefined): Promise<SessionStats>;
}
