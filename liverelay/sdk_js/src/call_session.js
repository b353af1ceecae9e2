/** A call between two: sending and receiving on one connection. */

/** @import { SessionMedia, SessionSetup } from './session.js' */
/** @import { CallOptions } from './options.js' */
/** @import { LocalMedia } from './local_media.js' */

import { offerLayers } from './header_extensions.js';
import { Preference } from './preference.js';
import { RemoteMedia, show, unshow } from './remote_media.js';
import { SendingSession } from './sending_session.js';

/** What `LiveRelay.call` resolves to. */
export class CallSession extends SendingSession {
  #remote;
  #preference;

  /**
   * @internal
   * @param {Omit<SessionSetup, 'createMedia' | 'options'> & { options: CallOptions }} setup
   */
  constructor(setup) {
    const { options, environment } = setup;
    /** @type {RemoteMedia | undefined} */
    let remote;
    super({
      ...setup,
      localOptions: options,
      createMedia: (local, emit) => {
        remote = new RemoteMedia(environment, options.element, emit);
        return createMedia({ local, remote, localElement: options.localElement });
      },
    });
    this.#remote = /** @type {RemoteMedia} */ (/** @type {unknown} */ (remote));
    const preference = new Preference(environment, options.element, (change) => this.change(change));
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
 * @param {{ local: LocalMedia, remote: RemoteMedia, localElement?: HTMLMediaElement }} parts
 * @returns {SessionMedia}
 */
function createMedia({ local, remote, localElement }) {
  return {
    endpoint: 'call',
    open: async (signal) => {
      await local.open();
      signal.throwIfAborted();
      if (localElement) preview(localElement, local.stream);
    },
    prepare: (peerConnection) => {
      remote.collect(peerConnection);
      local.addTo(peerConnection, { direction: 'sendrecv', always: true });
      peerConnection.getTransceivers().forEach(offerLayers);
    },
    play: () => remote.play(),
    release: () => {
      if (localElement) unshow(localElement, local.stream);
      remote.release();
      local.release();
    },
  };
}

/**
 * @param {HTMLMediaElement} element
 * @param {MediaStream | undefined} stream
 */
function preview(element, stream) {
  // One's own voice from one's own loudspeaker is an echo.
  element.muted = true;
  show(element, stream);
}
