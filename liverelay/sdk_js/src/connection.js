/**
 * One attempt at a session: a peer connection, the HTTP exchange, and the watch over it.
 *
 * A connection is used once. Coming back after a loss is a new one; `Session` decides on that.
 */

/** @import { Environment } from './environment.js' */
/** @import { Offer } from './protocol.js' */

import { LiveRelayError } from './errors.js';
import { deleteSession, patchOffer, postOffer } from './protocol.js';
import { Recovery } from './recovery.js';
import { abortable, withTimeout } from './wait.js';
import { Wishes } from './wishes.js';

/** Documented: an attempt that takes longer is given up with TIMEOUT. Seconds. */
const CONNECT_TIMEOUT = 15;

/** @typedef {'closed' | 'failed'} LossReason `closed`: the server ended it; `failed`: the network. */

export class Connection {
  #environment;
  #peerConnection;
  #watch = new AbortController();
  /** @type {string | undefined} */
  #sessionId;
  /** @type {{ url: string, token: string } | undefined} */
  #session;
  /** @type {Wishes | undefined} */
  #wishes;
  #opened = false;
  /** @type {RTCDtlsTransport | null | undefined} */
  #dtls;
  #recovery;
  #resolveConnected = () => {};
  /** @type {(error: LiveRelayError) => void} */
  #rejectConnected = () => {};
  /** @type {(reason: LossReason) => void} */
  #resolveLost = () => {};

  /**
   * @param {Environment} environment
   */
  constructor(environment) {
    this.#environment = environment;
    this.#peerConnection = createPeerConnection(environment);
    this.#recovery = new Recovery(environment, {
      restart: (signal) => this.#restartIce(signal),
      giveUp: () => this.#onLost('failed'),
    });
    /** @type {Promise<LossReason>} Resolves once, if an established connection is lost. */
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve));
  }

  get peerConnection() {
    return this.#peerConnection;
  }

  /** The session on the server, once there is one. */
  get session() {
    return this.#session;
  }

  get sessionId() {
    return this.#sessionId;
  }

  /**
   * Resolves when media can flow. The transceivers must have been added.
   *
   * @param {Omit<Offer, 'sdp'> & { signal: AbortSignal }} offer
   */
  open(offer) {
    return withTimeout(this.#environment, {
      seconds: CONNECT_TIMEOUT,
      signal: offer.signal,
      work: (signal) => this.#negotiate({ ...offer, signal }),
    });
  }

  /**
   * @param {import('./preference.js').Change} change
   */
  change(change) {
    this.#wishes?.tell(change);
  }

  /**
   * @param {{ tellServer: boolean }} options
   */
  close({ tellServer }) {
    this.#stopWatching();
    this.#peerConnection.close();
    if (tellServer && this.#session) deleteSession(this.#environment, this.#session);
    this.#session = undefined;
  }

  /**
   * @param {Omit<Offer, 'sdp'> & { signal: AbortSignal }} offer
   */
  async #negotiate(offer) {
    const peerConnection = this.#peerConnection;
    const sdp = await createOffer(peerConnection);
    offer.signal.throwIfAborted();
    // The server is ICE-lite and its answer complete: there are no candidates to wait for.
    const answer = await this.#post({ ...offer, sdp });
    this.#sessionId = answer.sessionId;
    this.#session = { url: answer.url, token: offer.token };
    this.#wishes = new Wishes(this.#environment, { ...this.#session, signal: this.#watch.signal });
    if (offer.signal.aborted) {
      this.close({ tellServer: true });
      throw offer.signal.reason;
    }
    const connected = this.#watchConnection();
    await applyAnswer(peerConnection, answer.sdp);
    this.#watchDtls();
    await abortable(connected, offer.signal);
  }

  /**
   * Goes on when the attempt is given up: the server may have opened the session already, and only
   * its answer says which one is to be ended. Without `keepalive`: if the page is gone by then,
   * nobody reads the answer, and it is better that the offer does not arrive.
   *
   * @param {Offer} offer
   */
  #post(offer) {
    return withTimeout(this.#environment, {
      seconds: CONNECT_TIMEOUT,
      signal: new AbortController().signal,
      work: (signal) => postOffer(this.#environment, { ...offer, signal }),
    });
  }

  /** @returns {Promise<void>} */
  #watchConnection() {
    /** @type {Promise<void>} */
    const connected = new Promise((resolve, reject) => {
      this.#resolveConnected = resolve;
      this.#rejectConnected = reject;
    });
    // It may be given up before anyone waits for it.
    connected.catch(() => undefined);
    this.#peerConnection.addEventListener('connectionstatechange', () => this.#onChange(), {
      signal: this.#watch.signal,
    });
    return connected;
  }

  /** The connection's own state does not show in every browser that the server said goodbye. */
  #watchDtls() {
    this.#dtls = this.#peerConnection.getTransceivers()[0]?.sender.transport;
    this.#dtls?.addEventListener('statechange', () => this.#onChange(), {
      signal: this.#watch.signal,
    });
    this.#onChange();
  }

  #onChange() {
    const state = this.#peerConnection.connectionState;
    const dtlsState = this.#dtls?.state;
    if (state === 'closed' || dtlsState === 'closed') this.#onLost('closed');
    else if (state === 'failed' || dtlsState === 'failed') this.#onLost('failed');
    else if (state === 'connected') this.#onConnected();
    // Also `connecting`, which it becomes again while a restart looks for a path.
    else if (this.#opened) this.#recovery.onInterrupted();
  }

  #onConnected() {
    this.#opened = true;
    this.#recovery.onConnected();
    this.#resolveConnected();
  }

  /**
   * @param {AbortSignal} signal
   */
  async #restartIce(signal) {
    const session = this.#session;
    if (!session) return;
    this.#peerConnection.restartIce();
    const sdp = await createOffer(this.#peerConnection);
    await applyAnswer(
      this.#peerConnection,
      await patchOffer(this.#environment, { ...session, sdp, signal }),
    );
  }

  /**
   * @param {LossReason} reason
   */
  #onLost(reason) {
    this.#stopWatching();
    if (this.#opened) {
      this.#resolveLost(reason);
      return;
    }
    const message =
      reason === 'closed'
        ? 'The server ended the connection'
        : 'Media could not reach the server: is its UDP port blocked on the way?';
    this.#rejectConnected(new LiveRelayError(message, { code: 'NETWORK_ERROR' }));
  }

  #stopWatching() {
    this.#watch.abort();
    this.#recovery.end();
  }
}

/**
 * @param {Environment} environment
 */
function createPeerConnection(environment) {
  try {
    return environment.createPeerConnection();
  } catch (cause) {
    throw new LiveRelayError('This browser has no WebRTC', { code: 'MEDIA_ERROR', cause });
  }
}

/**
 * @param {RTCPeerConnection} peerConnection
 */
async function createOffer(peerConnection) {
  try {
    await peerConnection.setLocalDescription();
    return peerConnection.localDescription?.sdp ?? '';
  } catch (cause) {
    throw new LiveRelayError('The browser could not make an offer', { code: 'MEDIA_ERROR', cause });
  }
}

/**
 * @param {RTCPeerConnection} peerConnection
 * @param {string} sdp
 */
async function applyAnswer(peerConnection, sdp) {
  try {
    await peerConnection.setRemoteDescription({ type: 'answer', sdp });
  } catch (cause) {
    const message = "The browser could not use the server's answer";
    throw new LiveRelayError(message, { code: 'SERVER_ERROR', cause });
  }
}
