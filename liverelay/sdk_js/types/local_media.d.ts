/**
 * What a session sends: its tracks, their mutes, and what takes a track's place.
 *
 * Tracks of a caller's own stream are never stopped.
 */
import type { Environment } from './environment.js';
import type { SessionEvents } from './session.js';
export type Kind = 'audio' | 'video';
export type LocalMediaOptions = {
    stream?: MediaStream;
    video?: boolean | MediaTrackConstraints;
    audio?: boolean | MediaTrackConstraints;
    simulcast?: boolean;
};
export type Emit = <K extends keyof SessionEvents>(type: K, detail: SessionEvents[K]) => void;
/** @typedef {'audio' | 'video'} Kind */
/**
 * @typedef {object} LocalMediaOptions
 * @property {MediaStream} [stream]
 * @property {boolean | MediaTrackConstraints} [video]
 * @property {boolean | MediaTrackConstraints} [audio]
 * @property {boolean} [simulcast]
 */
/** @typedef {<K extends keyof SessionEvents>(type: K, detail: SessionEvents[K]) => void} Emit */
export declare class LocalMedia {
    #private;
    /**
     * @param {Environment} environment
     * @param {LocalMediaOptions} options
     * @param {Emit} emit
     */
    constructor(environment: Environment, options: LocalMediaOptions, emit: Emit);
    /** What is sent now, for a preview. The object stays the same when a device is switched. */
    get stream(): MediaStream | undefined;
    get isScreenShared(): boolean;
    open(): Promise<void>;
    /**
     * @param {RTCPeerConnection} peerConnection
     * @param {{ direction: RTCRtpTransceiverDirection, always: boolean }} options `always`: add a
     *   section for a kind that is not sent as well, since it may be received or come later.
     */
    addTo(peerConnection: RTCPeerConnection, { direction, always }: {
        direction: RTCRtpTransceiverDirection;
        always: boolean;
    }): void;
    /**
     * @param {Kind} kind
     */
    isMuted(kind: Kind): boolean;
    /**
     * @param {Kind} kind
     * @param {boolean} muted
     */
    setMuted(kind: Kind, muted: boolean): void;
    /**
     * @param {Kind} kind
     * @param {string | MediaTrackConstraints} device
     */
    switchDevice(kind: Kind, device: string | MediaTrackConstraints): Promise<void>;
    /**
     * @param {DisplayMediaStreamOptions} options
     */
    startScreenShare(options: DisplayMediaStreamOptions): Promise<void>;
    stopScreenShare(): Promise<void>;
    release(): void;
}
