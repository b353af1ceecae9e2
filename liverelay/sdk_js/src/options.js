/**
 * The options of the three methods, and the check that they are there.
 *
 * A wrong option is a mistake of the calling code, so it is a `TypeError` that says what to write,
 * not a `LiveRelayError` that a page would show to its visitors.
 */

/**
 * @typedef {object} CommonOptions
 * @property {string} token The token that your backend got from `POST /v1/rooms` or
 *   `POST /v1/rooms/{room_id}/token`.
 * @property {(state: import('./session.js').SessionState) => void} [onStateChange] Called with each
 *   new state, from the first `'connecting'` on.
 * @property {AbortSignal} [signal] Gives up connecting; no effect once connected.
 */

/**
 * @typedef {object} SourceOptions
 * @property {MediaStream} [stream] Your own stream; its tracks are never stopped by the SDK.
 * @property {boolean | MediaTrackConstraints} [video] Open a camera (default: false), at 1280x720 if it
 *   has that and no other size is asked for.
 * @property {boolean | MediaTrackConstraints} [audio] Open a microphone (default: false).
 * @property {boolean} [simulcast] Send a camera of 540 lines or more in three sizes, so that each
 *   viewer can be sent the one that suits it (default: true).
 */

/** @typedef {CommonOptions & SourceOptions} PublishOptions */

/**
 * @typedef {object} ViewOptions
 * @property {HTMLMediaElement} element Plays what is received; usually a `<video>`.
 */

/**
 * @typedef {object} WaitOptions
 * @property {boolean} [waitForPublisher] Wait while nobody publishes (default: false, which is an
 *   error at once).
 */

/** @typedef {CommonOptions & ViewOptions & WaitOptions} SubscribeOptions */

/**
 * @typedef {object} PreviewOptions
 * @property {HTMLMediaElement} [localElement] Shows what is sent, muted.
 */

/** @typedef {CommonOptions & SourceOptions & ViewOptions & PreviewOptions} CallOptions */

/**
 * @template {CommonOptions & Partial<SourceOptions & ViewOptions & PreviewOptions>} T
 * @param {T} options
 * @param {{ method: string, sends: boolean, plays: boolean }} needs
 * @returns {T}
 */
export function checkOptions(options, { method, sends, plays }) {
  const demand = (/** @type {unknown} */ condition, /** @type {string} */ need) => {
    if (!condition) throw new TypeError(`${method}() needs ${need}`);
  };
  demand(typeof options === 'object' && options, 'an options object');
  demand(typeof options.token === 'string' && options.token, 'a token');
  const { stream, video, audio, element, localElement, onStateChange } = options;
  if (plays) demand(isMediaElement(element), 'an element: the <video> that shows what is received');
  if (sends) demand(stream || video || audio, 'a stream, or video: true, or audio: true');
  if (stream) demand(hasTracks(stream), 'a stream that is a MediaStream with at least one track');
  if (localElement) demand(isMediaElement(localElement), 'a localElement that is a <video>');
  if (onStateChange) demand(typeof onStateChange === 'function', 'onStateChange to be a function');
  return options;
}

/**
 * The server's address in the form that paths are appended to.
 *
 * @param {unknown} server
 */
export function checkServer(server) {
  if (typeof server !== 'string' && !(server instanceof URL)) {
    throw new TypeError("new LiveRelay() needs the server's URL");
  }
  let url;
  try {
    url = new URL(server, globalThis.document?.baseURI);
  } catch {
    throw new TypeError(`new LiveRelay() needs the server's URL, and "${server}" is none`);
  }
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError(`new LiveRelay() needs an http or https URL, not "${server}"`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/**
 * @param {unknown} element
 */
function isMediaElement(element) {
  return typeof (/** @type {any} */ (element)?.play) === 'function';
}

/**
 * @param {MediaStream} stream
 */
function hasTracks(stream) {
  return typeof stream.getTracks === 'function' && stream.getTracks().length > 0;
}
