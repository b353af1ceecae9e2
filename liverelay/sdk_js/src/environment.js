/**
 * Everything the SDK takes from the browser, in one place, so that the tests can be the browser.
 *
 * Times are seconds. The globals are looked up at each call: importing the package on a server
 * that only renders pages must not fail.
 */

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
export const browserEnvironment = {
  fetch: (url, init) => fetch(url, init),
  createPeerConnection: () => new RTCPeerConnection(),
  createMediaStream: (tracks) => new MediaStream(tracks),
  mediaDevices: () => navigator.mediaDevices,
  startTimer: (seconds, callback) => {
    const timer = setTimeout(callback, seconds * 1000);
    return () => clearTimeout(timer);
  },
  observeSize: (element, onSize) => {
    if (typeof ResizeObserver === 'undefined') return () => undefined;
    const tell = () => {
      const { clientWidth: width, clientHeight: height } = element;
      onSize({ width, height, scale: globalThis.devicePixelRatio || 1 });
    };
    const observer = new ResizeObserver(tell);
    observer.observe(element);
    element.addEventListener('resize', tell);
    return () => {
      observer.disconnect();
      element.removeEventListener('resize', tell);
    };
  },
  observeNetwork: (onChange) => {
    // Of all browsers only those on Android tell the kind. Elsewhere it is undefined for ever.
    const { connection } = /** @type {any} */ (navigator);
    let type = connection?.type;
    const onConnectionChange = () => {
      if (connection.type === type) return;
      type = connection.type;
      if (type !== 'none') onChange();
    };
    addEventListener('online', onChange);
    connection?.addEventListener?.('change', onConnectionChange);
    return () => {
      removeEventListener('online', onChange);
      connection?.removeEventListener?.('change', onConnectionChange);
    };
  },
  now: () => performance.now() / 1000,
  random: () => Math.random(),
  get page() {
    return globalThis;
  },
};
