/** What a session receives: the tracks, and the element that plays them. */
import type { Environment } from './environment.js';
import type { Emit } from './local_media.js';
/** @import { Environment } from './environment.js' */
/** @import { Emit } from './local_media.js' */
export declare class RemoteMedia {
    #private;
    /**
     * @param {Environment} environment
     * @param {HTMLMediaElement} element
     * @param {Emit} emit
     */
    constructor(environment: Environment, element: HTMLMediaElement, emit: Emit);
    get stream(): MediaStream | undefined;
    /**
     * Collects the tracks of a new connection. The element keeps its last picture until `play`.
     *
     * @param {RTCPeerConnection} peerConnection
     */
    collect(peerConnection: RTCPeerConnection): void;
    play(): void;
    release(): void;
}
/**
 * @param {HTMLMediaElement} element
 * @param {MediaStream | undefined} stream
 */
export declare function show(element: HTMLMediaElement, stream: MediaStream | undefined): void;
/**
 * @param {HTMLMediaElement} element
 * @param {MediaStream | undefined} stream
 */
export declare function unshow(element: HTMLMediaElement, stream: MediaStream | undefined): void;
