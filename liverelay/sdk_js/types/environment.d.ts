/**
 * Everything the SDK takes from the browser, in one place, so that the tests can be the browser.
 *
 * Times are seconds. The globals are looked up at each call: importing the package on a server
 * that only renders pages must not fail.
 */
export type ElementSize = {
    width: number;
    height: number;
    scale: number;
};
export type Environment = {
    fetch: (url: string, init: RequestInit) => Promise<Response>;
    createPeerConnection: () => RTCPeerConnection;
    createMediaStream: (tracks: MediaStreamTrack[]) => MediaStream;
    /**
     * Absent on pages that are not secure.
     */
    mediaDevices: () => MediaDevices | undefined;
    /**
     * Returns its cancel.
     */
    startTimer: (seconds: number, callback: () => void) => () => void;
    /**
     * Tells the size now, and when it or that of its picture changes. Returns its end.
     */
    observeSize: (element: HTMLMediaElement, onSize: (size: ElementSize) => void) => () => void;
    /**
     * Tells when the device is online
     * again, or on another kind of network. Returns its end.
     */
    observeNetwork: (onChange: () => void) => () => void;
    now: () => number;
    random: () => number;
    /**
     * Where `pagehide`, `pageshow` and `online` arrive.
     */
    page: EventTarget;
};
/**
 * @typedef {object} ElementSize In CSS pixels; times `scale`, in those of the screen.
 * @property {number} width
 * @property {number} height
 * @property {number} scale
 */
/**
 * @typedef {object} Environment
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @property {() => RTCPeerConnection} createPeerConnection
 * @property {(tracks: MediaStreamTrack[]) => MediaStream} createMediaStream
 * @property {() => MediaDevices | undefined} mediaDevices Absent on pages that are not secure.
 * @property {(seconds: number, callback: () => void) => () => void} startTimer Returns its cancel.
 * @property {(element: HTMLMediaElement, onSize: (size: ElementSize) => void) => () => void}
 *   observeSize Tells the size now, and when it or that of its picture changes. Returns its end.
 * @property {(onChange: () => void) => () => void} observeNetwork Tells when the device is online
 *   again, or on another kind of network. Returns its end.
 * @property {() => number} now
 * @property {() => number} random
 * @property {EventTarget} page Where `pagehide`, `pageshow` and `online` arrive.
 */
/** @type {Environment} */
export declare const browserEnvironment: Environment;
