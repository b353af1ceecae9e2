/** Watching what a room's publisher sends. */

/** @import { SessionSetup } from './session.js' */
/** @import { SubscribeOptions } from './options.js' */

import { offerLayers } from './header_extensions.js';
import { Preference } from './preference.js';
import { RemoteMedia } from './remote_media.js';
import { Session } from './session.js';

/** What `LiveRelay.subscribe` resolves to. */
export class SubscribeSession extends Session {
  #remote;
  #preference;

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
    const preference = new Preference(setup.environment, setup.options.element, (change) => this.change(change));
    this.#preference = preference;
    this.on('statechange', ({ detail }) => preference.follow(detail.state));
  }

  /** What is received; another object after each reconnection. */
  get remoteStream() {
    return this.#remote.stream;
  }

  /** What `setQuality` was called with last; `'auto'` at first. */
  get quality() {
    return this.#preference.quality;
  }

  /**
   * Limits what is received of a video that is sent in several sizes: to the smallest, the middle
   * one, or not at all. `'auto'` goes by the size of the element. In any case the network may allow
   * less.
   *
   * @param {import('./preference.js').Quality} quality
   */
  setQuality(quality) {
    this.#preference.setQuality(quality);
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
      offerLayers(peerConnection.addTransceiver('video', { direction: 'recvonly' }));
    },
    play: () => remote.play(),
    release: () => remote.release(),
  };
}
