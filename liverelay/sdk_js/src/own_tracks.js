/** The tracks that a session opens itself: cameras, microphones, screens. It stops them as well. */

/** @import { Environment } from './environment.js' */
/** @import { Kind } from './local_media.js' */

import { captureDevices, captureScreen, mediaError } from './capture.js';

export class OwnTracks {
  #environment;
  /** @type {Set<MediaStreamTrack>} */
  #tracks = new Set();
  #released = false;

  /**
   * @param {Environment} environment
   */
  constructor(environment) {
    this.#environment = environment;
  }

  /** Once it is, nothing is opened any more. */
  get isReleased() {
    return this.#released;
  }

  /**
   * @param {MediaStreamTrack | undefined} track
   */
  has(track) {
    return track !== undefined && this.#tracks.has(track);
  }

  /**
   * @param {MediaStreamConstraints} constraints
   */
  openDevices(constraints) {
    return this.#own(() => captureDevices(this.#environment, constraints));
  }

  /**
   * @param {Kind} kind
   * @param {MediaTrackConstraints} constraints
   */
  async openDevice(kind, constraints) {
    return (await this.openDevices({ [kind]: constraints })).getTracks()[0];
  }

  /**
   * @param {DisplayMediaStreamOptions} options
   */
  async openScreen(options) {
    // Its sound is not sent, so nobody is asked for it.
    const wanted = { video: true, ...options, audio: false };
    const stream = await this.#own(() => captureScreen(this.#environment, wanted));
    return stream.getVideoTracks()[0];
  }

  /**
   * Stops a track that was opened here, and no other.
   *
   * @param {MediaStreamTrack | undefined} track
   */
  stop(track) {
    if (track && this.#tracks.delete(track)) track.stop();
  }

  release() {
    this.#released = true;
    for (const track of this.#tracks) track.stop();
    this.#tracks.clear();
  }

  /**
   * @param {() => Promise<MediaStream>} open
   */
  async #own(open) {
    this.#demandNotReleased();
    const stream = await open();
    for (const track of stream.getTracks()) this.#tracks.add(track);
    // It may have been closed while the browser was asking its user.
    this.#demandNotReleased();
    return stream;
  }

  #demandNotReleased() {
    if (!this.#released) return;
    this.release();
    throw mediaError('The session is closed');
  }
}
