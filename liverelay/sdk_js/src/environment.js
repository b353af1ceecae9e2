/**
 * Everything the SDK takes from the browser, in one place, so that the tests can be the browser.
 *
 * Times are seconds. The globals are looked up at each call: importing the package on a server
 * that only renders pages must not fail.
 */

/**
 * @typedef {object} Environment
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @property {() => RTCPeerConnection} createPeerConnection
 * @property {(tracks: MediaStreamTrack[]) => MediaStream} createMediaStream
 * @property {() => MediaDevices | undefined} mediaDevices Absent on pages that are not secure.
 * @property {(seconds: number, callback: () => void) => () => void} startTimer Returns its cancel.
 * @property {() => number} now
 * @property {() => number} random
 * @property {EventTarget} page Where `pagehide`, `pageshow` and `online` arrive.
 */

/** @type {Environment} */
export const browserEnvironment = {
  fetch: (url, init) => fetch(url, init),
  createPeerConnection: () => new RTCPeerConnection(),
  createMediaStream: (tracks) => new MediaStream(tracks),
  mediaDevices: () => navigator.mediaDevices,
  startTimer: (seconds, callback) => {
    const timer = setTimeout(callback, seconds * 1000);
    return () => clearTimeout(timer);
  },
  now: () => performance.now() / 1000,
  random: () => Math.random(),
  get page() {
    return globalThis;
  },
};
