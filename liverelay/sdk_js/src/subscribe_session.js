/** Watching what a room's publisher sends. */

/** @import { SessionSetup } from './session.js' */
/** @import { SubscribeOptions } from './options.js' */

import { RemoteMedia } from './remote_media.js';
import { Session } from './session.js';

/** What `LiveRelay.subscribe` resolves to. */
export class SubscribeSession extends Session {
  #remote;

  /**
   * @internal
   * @param {Omit<SessionSetup, 'createMedia' | 'options'> & { options: SubscribeOptions }} setup
   */
  constructor(setup) {
    /** @type {RemoteMedia | undefined} */
    let remote;
    super({
      ...setup,
      createMedia: (emit) => {
        remote = new RemoteMedia(setup.environment, setup.options.element, emit);
        return createMedia(remote);
      },
    });
    this.#remote = /** @type {RemoteMedia} */ (/** @type {unknown} */ (remote));
  }

  /** What is received; another object after each reconnection. */
  get remoteStream() {
    return this.#remote.stream;
  }
}

/**
 * @param {RemoteMedia} remote
 * @returns {import('./session.js').SessionMedia}
 */
function createMedia(remote) {
  return {
    endpoint: 'subscribe',
    open: () => Promise.resolve(),
    prepare: (peerConnection) => {
      remote.collect(peerConnection);
      peerConnection.addTransceiver('audio', { direction: 'recvonly' });
      peerConnection.addTransceiver('video', { direction: 'recvonly' });
    },
    play: () => remote.play(),
    release: () => remote.release(),
  };
}
