/**
 * A session: its state, and the loop that connects it and connects it again.
 *
 * `connecting` -> `connected` -> (`connecting` -> `connected`)* -> `disconnected` or `failed`.
 * `disconnected` means that the page closed it, `failed` that anything else ended it; both are
 * final. What is sent and received is the business of `SessionMedia`.
 */

/** @import { LossReason } from './connection.js' */
/** @import { Environment } from './environment.js' */
/** @import { Emit } from './local_media.js' */
/** @import { Speaking } from './speakers.js' */

import { Backoff } from './backoff.js';
import { Connection } from './connection.js';
import { isNoPublisher, isTransient, LiveRelayError } from './errors.js';
import { SpeakerWatch } from './speakers.js';
import { StatsReader } from './stats.js';
import { abortable, pause } from './wait.js';

/** @typedef {'connecting' | 'connected' | 'disconnected' | 'failed'} SessionState */

/**
 * The `detail` of each event.
 *
 * @typedef {object} SessionEvents
 * @property {{ state: SessionState }} statechange The state has changed.
 * @property {{ error: LiveRelayError, attempt: number, delay: number }} reconnecting Before each
 *   wait; `delay` is in seconds.
 * @property {{ error: LiveRelayError }} error The session has failed.
 * @property {{ error: LiveRelayError | null }} ended It is over, by `close()` or by an error; once
 *   for each session, and its last event.
 * @property {{ element: HTMLMediaElement }} playblocked The browser wants a click before it plays
 *   sound: call `element.play()` in its handler.
 * @property {{ source: 'camera' | 'screen' | 'none' }} sourcechange What is sent as video now.
 * @property {Speaking} speaking A peer in the room began or ended to speak, or took the lead.
 * @property {{ kind: 'audio' | 'video' }} trackended The camera or microphone was unplugged or taken
 *   away, or did not open again after a switch that failed.
 */

/**
 * @typedef {object} SessionOptions
 * @property {string} token
 * @property {(state: SessionState) => void} [onStateChange]
 * @property {AbortSignal} [signal]
 * @property {boolean} [waitForPublisher]
 */

/**
 * @typedef {object} SessionMedia
 * @property {'publish' | 'subscribe' | 'call'} endpoint
 * @property {(signal: AbortSignal) => Promise<void>} open Before the first attempt. Once `signal` is
 *   aborted, the session has ended and nothing may be begun any more.
 * @property {(peerConnection: RTCPeerConnection) => void} prepare Before each attempt.
 * @property {() => void} play After each successful attempt.
 * @property {() => void} release
 */

/**
 * @typedef {object} SessionSetup
 * @property {string} server
 * @property {Environment} environment
 * @property {SessionOptions} options
 * @property {(emit: Emit) => SessionMedia} createMedia
 */

/** Consecutive attempts without success before a lost session is given up: about a minute. */
const MOST_ATTEMPTS = 10;
const RECONNECT_DELAYS = { first: 0.5, most: 10 };
const PUBLISHER_DELAYS = { first: 1, most: 5 };

/** A connection that the server ends within this time counts as no success. Seconds. */
const SETTLED_AFTER = 5;
const MOST_UNSETTLED = 3;

/** What `publish`, `subscribe` and `call` have in common. */
export class Session extends EventTarget {
  #environment;
  #server;
  #options;
  #media;
  /** @type {SessionState} */
  #state = 'connecting';
  /** @type {LiveRelayError | null} */
  #error = null;
  /** @type {Connection | undefined} */
  #connection;
  /** @type {string | undefined} */
  #previousSessionId;
  #connectedAt = 0;
  #unsettled = 0;
  #suspended = false;
  /** @type {CustomEvent[]} What has happened and not been told to all listeners yet, in its order. */
  #untold = [];
  #isOver = false;
  /** Aborted when the session ends; everything that waits or listens does so on its signal. */
  #lifetime = new AbortController();
  #stats = new StatsReader();
  #speakers;

  /**
   * @internal
   * @param {SessionSetup} setup
   */
  constructor({ server, environment, options, createMedia }) {
    super();
    this.#server = server;
    this.#environment = environment;
    this.#options = options;
    this.#media = createMedia((type, detail) => this.#emit(type, detail));
    this.#speakers = new SpeakerWatch(environment, (type, detail) => this.#emit(type, detail));
    const { onStateChange } = options;
    if (onStateChange) this.on('statechange', ({ detail }) => onStateChange(detail.state));
  }

  /** Where the session is; `disconnected` and `failed` are final. */
  get state() {
    return this.#state;
  }

  /** Why the session failed; null while it has not. */
  get error() {
    return this.#error;
  }

  /**
   * Ends the session, here and on the server, and stops the tracks that the SDK opened. Nothing
   * happens if it has ended already.
   */
  close() {
    this.#end('disconnected', new DOMException('The session was closed', 'AbortError'));
  }

  /**
   * As of any `EventTarget`; `on` is shorter. The server is asked who speaks once the page listens.
   *
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @override
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    if (type === 'speaking') this.#speakers.want();
  }

  /**
   * Calls `listener` with each event of this type; what happened is in the event's `detail`.
   *
   * @template {keyof SessionEvents} K
   * @param {K} type
   * @param {(event: CustomEvent<SessionEvents[K]>) => void} listener
   */
  on(type, listener) {
    this.addEventListener(type, /** @type {EventListener} */ (listener));
    return this;
  }

  /**
   * Takes back a call of `on`.
   *
   * @template {keyof SessionEvents} K
   * @param {K} type
   * @param {(event: CustomEvent<SessionEvents[K]>) => void} listener
   */
  off(type, listener) {
    this.removeEventListener(type, /** @type {EventListener} */ (listener));
    return this;
  }

  /**
   * @internal
   * @param {import('./preference.js').Change} change
   */
  change(change) {
    this.#connection?.change(change);
  }

  /** How well it goes: bit rates, losses, picture size, and the browser's own report. */
  stats() {
    return this.#stats.read(this.#connection?.peerConnection);
  }

  /**
   * Opens the media and connects. `LiveRelay` calls it, once.
   *
   * @internal
   * @returns {Promise<this>}
   */
  async start() {
    const { signal } = this.#options;
    const abort = () => this.#end('disconnected', signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      signal?.throwIfAborted();
      this.#emit('statechange', { state: this.#state });
      this.#lifetime.signal.throwIfAborted();
      await abortable(this.#media.open(this.#lifetime.signal), this.#lifetime.signal);
      this.#listenToPage();
      await this.#connect();
      this.#lifetime.signal.throwIfAborted();
      return this;
    } catch (error) {
      this.#end(signal?.aborted ? 'disconnected' : 'failed', error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Returns when connected. A first attempt fails at once, so that the page can say why; it is the
   * server that was reached before which is worth asking again.
   *
   * @param {LiveRelayError} [loss] Why the previous connection is gone.
   */
  async #connect(loss) {
    const { random } = this.#environment;
    const waiting = new Backoff(random, PUBLISHER_DELAYS);
    let reconnecting = new Backoff(random, RECONNECT_DELAYS);
    let reached = loss !== undefined;
    /** @type {unknown} */
    let error = loss;
    for (;;) {
      // The page may have closed it on being told of the loss.
      this.#lifetime.signal.throwIfAborted();
      if (error !== undefined) {
        const waits = this.#options.waitForPublisher === true && isNoPublisher(error);
        reached ||= waits;
        if (waits) reconnecting = new Backoff(random, RECONNECT_DELAYS);
        const exhausted = reconnecting.count >= MOST_ATTEMPTS;
        if (!reached || exhausted || !isTransient(error)) throw error;
        await this.#pause(waits ? waiting : reconnecting, /** @type {LiveRelayError} */ (error));
      }
      try {
        await this.#attempt();
        return;
      } catch (failure) {
        this.#lifetime.signal.throwIfAborted();
        error = failure;
      }
    }
  }

  /**
   * @param {Backoff} backoff
   * @param {LiveRelayError} error
   */
  async #pause(backoff, error) {
    const delay = backoff.next(error.retryAfter);
    this.#emit('reconnecting', { error, attempt: backoff.count, delay });
    await pause(this.#environment, { seconds: delay, signal: this.#lifetime.signal });
  }

  async #attempt() {
    const connection = new Connection(this.#environment);
    const { signal } = this.#lifetime;
    try {
      this.#media.prepare(connection.peerConnection);
      await connection.open({
        server: this.#server,
        endpoint: this.#media.endpoint,
        token: this.#options.token,
        previousSessionId: this.#previousSessionId,
        signal,
      });
      signal.throwIfAborted();
    } catch (error) {
      connection.close({ tellServer: true });
      throw error;
    }
    this.#connection = connection;
    this.#connectedAt = this.#environment.now();
    connection.lost.then((reason) => this.#comeBack(reason));
    this.#media.play();
    this.#setState('connected');
  }

  /**
   * @param {LossReason} reason
   */
  async #comeBack(reason) {
    const connection = this.#connection;
    if (!connection || this.#lifetime.signal.aborted) return;
    this.#connection = undefined;
    this.#previousSessionId = connection.sessionId;
    connection.close({ tellServer: reason === 'failed' });
    this.#setState('connecting');
    try {
      this.#checkSettled(reason);
      const message = 'The connection to the server was lost';
      await this.#connect(new LiveRelayError(message, { code: 'NETWORK_ERROR' }));
    } catch (error) {
      this.#end('failed', error);
    }
  }

  /**
   * Two pages with one token would end each other's session in turn, without end.
   *
   * @param {LossReason} reason
   */
  #checkSettled(reason) {
    const settled = this.#environment.now() - this.#connectedAt >= SETTLED_AFTER;
    this.#unsettled = reason === 'closed' && !settled ? this.#unsettled + 1 : 0;
    if (this.#unsettled < MOST_UNSETTLED) return;
    const message = 'The server keeps ending this session: is its token in use on another page?';
    throw new LiveRelayError(message, { code: 'SERVER_ERROR' });
  }

  #listenToPage() {
    const { page } = this.#environment;
    const { signal } = this.#lifetime;
    const onHide = (/** @type {Event} */ event) => {
      // A page in the back/forward cache may be shown again, as if it had never been away.
      if (/** @type {PageTransitionEvent} */ (event).persisted) this.#suspend();
      else this.close();
    };
    page.addEventListener('pagehide', onHide, { signal });
    page.addEventListener('pageshow', () => this.#resume(), { signal });
  }

  #suspend() {
    if (!this.#connection) return;
    this.#suspended = true;
    this.#connection.close({ tellServer: true });
  }

  #resume() {
    if (!this.#suspended) return;
    this.#suspended = false;
    void this.#comeBack('failed');
  }

  /**
   * @param {'disconnected' | 'failed'} state
   * @param {unknown} reason
   */
  #end(state, reason) {
    if (this.#lifetime.signal.aborted) return;
    this.#lifetime.abort(reason);
    this.#connection?.close({ tellServer: true });
    this.#connection = undefined;
    this.#media.release();
    if (state === 'failed' && reason instanceof LiveRelayError) this.#error = reason;
    this.#setState(state);
    if (this.#error) this.#emit('error', { error: this.#error });
    this.#emit('ended', { error: this.#error });
  }

  /**
   * @param {SessionState} state
   */
  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#emit('statechange', { state });
    if (state === 'connected') this.#speakers.connect(this.#connection?.session);
    else this.#speakers.disconnect();
  }

  /**
   * What a listener brings about, as by `close()`, is told when all have heard of what came before:
   * otherwise those after it would hear of the end first, and then begin.
   *
   * @template {keyof SessionEvents} K
   * @param {K} type
   * @param {SessionEvents[K]} detail
   */
  #emit(type, detail) {
    if (this.#isOver) return;
    this.#isOver = type === 'ended';
    this.#untold.push(new CustomEvent(type, { detail }));
    if (this.#untold.length > 1) return;
    while (this.#untold.length > 0) {
      this.dispatchEvent(this.#untold[0]);
      this.#untold.shift();
    }
  }
}
