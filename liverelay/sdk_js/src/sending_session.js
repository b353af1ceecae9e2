/** What a session that sends adds to one: mutes, device switching, screen sharing. */

/** @import { SessionSetup, SessionMedia } from './session.js' */
/** @import { LocalMediaOptions } from './local_media.js' */

import { LocalMedia } from './local_media.js';
import { Session } from './session.js';

/**
 * @typedef {Omit<SessionSetup, 'createMedia'> & {
 *   localOptions: LocalMediaOptions,
 *   createMedia: (local: LocalMedia, emit: import('./local_media.js').Emit) => SessionMedia,
 * }} SendingSetup
 */

/** What `publish` and `call` have in common. */
export class SendingSession extends Session {
  /** @type {LocalMedia} */
  #local;

  /**
   * @internal
   * @param {SendingSetup} setup
   */
  constructor({ localOptions, createMedia, ...setup }) {
    /** @type {LocalMedia | undefined} */
    let local;
    super({
      ...setup,
      createMedia: (emit) => {
        local = new LocalMedia(setup.environment, localOptions, emit);
        return createMedia(local, emit);
      },
    });
    this.#local = /** @type {LocalMedia} */ (/** @type {unknown} */ (local));
  }

  /** What is sent, for a preview; the object stays the same when a device is switched. */
  get localStream() {
    return this.#local.stream;
  }

  /** Whether silence is sent in place of the microphone. */
  get isAudioMuted() {
    return this.#local.isMuted('audio');
  }

  /** Whether black is sent in place of the camera or screen. */
  get isVideoMuted() {
    return this.#local.isMuted('video');
  }

  /** Whether the screen is sent in place of the camera. */
  get isScreenShared() {
    return this.#local.isScreenShared;
  }

  /** Sends silence. The microphone stays open, so that unmuting is instant. */
  muteAudio() {
    this.#local.setMuted('audio', true);
  }

  /** Sends sound again. */
  unmuteAudio() {
    this.#local.setMuted('audio', false);
  }

  /** Sends black. The camera stays open, so that unmuting is instant. */
  muteVideo() {
    this.#local.setMuted('video', true);
  }

  /** Sends the picture again. */
  unmuteVideo() {
    this.#local.setMuted('video', false);
  }

  /**
   * Sends from another camera. Viewers notice nothing but the new picture.
   *
   * @param {string | MediaTrackConstraints} camera A `deviceId`, or for example
   *   `{ facingMode: 'environment' }`.
   */
  async switchCamera(camera) {
    await this.#local.switchDevice('video', camera);
  }

  /**
   * Sends from another microphone.
   *
   * @param {string | MediaTrackConstraints} microphone A `deviceId`, or constraints.
   */
  async switchMicrophone(microphone) {
    await this.#local.switchDevice('audio', microphone);
  }

  /**
   * Sends the screen, or the window that the user picks, in place of the camera. The camera stays
   * open and comes back when the sharing ends, also when it ends by the browser's own button. The
   * microphone is sent on, and the sound of the screen is not.
   *
   * @param {DisplayMediaStreamOptions} [options] Those of `getDisplayMedia`; `audio` is not looked at.
   */
  async startScreenShare(options = {}) {
    await this.#local.startScreenShare(options);
  }

  /** Brings the camera back. */
  async stopScreenShare() {
    await this.#local.stopScreenShare();
  }
}
