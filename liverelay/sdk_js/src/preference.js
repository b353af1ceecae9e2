/**
 * What a viewer's page has use for: the quality it asks for, and how large it shows the picture.
 *
 * The server need not send more than is seen. A size is told when it has stopped changing, and one
 * of zero only of an element that has been seen before: an element outside of the page, whose
 * picture is drawn elsewhere, has none either. An element that takes its size from its picture says
 * nothing, or it would stay as small as its first picture for ever.
 */

/** @import { Environment } from './environment.js' */

/** @typedef {'low' | 'medium' | 'high' | 'auto'} Quality */

/** @typedef {{ quality?: Quality, width?: number | null, height?: number | null }} Change */

/** @type {Quality[]} */
const QUALITIES = ['low', 'medium', 'high', 'auto'];

/** A window that is dragged changes its size many times a second. Seconds. */
const SETTLING_TIME = 0.5;

export class Preference {
  #environment;
  #element;
  #tell;
  /** @type {Quality} */
  #quality = 'auto';
  /** @type {{ width: number, height: number } | undefined} */
  #size;
  #connected = false;
  /** @type {(() => void) | undefined} */
  #stopObserving;
  /** @type {(() => void) | undefined} */
  #cancelTelling;

  /**
   * @param {Environment} environment
   * @param {HTMLMediaElement} element
   * @param {(change: Change) => void} tell Called while connected.
   */
  constructor(environment, element, tell) {
    this.#environment = environment;
    this.#element = element;
    this.#tell = tell;
  }

  get quality() {
    return this.#quality;
  }

  /**
   * @param {Quality} quality
   */
  setQuality(quality) {
    if (!QUALITIES.includes(quality)) {
      throw new TypeError(`setQuality() needs one of ${QUALITIES.join(', ')}`);
    }
    this.#quality = quality;
    if (this.#connected) this.#tell({ quality });
  }

  /**
   * @param {import('./session.js').SessionState} state
   */
  follow(state) {
    this.#connected = state === 'connected';
    if (this.#connected) this.#begin();
    else if (state !== 'connecting') this.#end();
  }

  #begin() {
    if (this.#quality !== 'auto' || this.#size) this.#tell({ quality: this.#quality, ...this.#size });
    this.#stopObserving ??= this.#environment.observeSize(this.#element, (size) =>
      this.#onSize(size),
    );
  }

  #end() {
    this.#cancelTelling?.();
    this.#stopObserving?.();
    this.#stopObserving = undefined;
  }

  /**
   * @param {import('./environment.js').ElementSize} size
   */
  #onSize({ width, height, scale }) {
    const { videoWidth = 0, videoHeight = 0 } = /** @type {HTMLVideoElement} */ (this.#element);
    const told = this.#size;
    if (!videoWidth) return;
    if (width === videoWidth && height === videoHeight) {
      // If it has grown to its picture, what was told bounds it no more.
      if (told && width * scale > told.width) this.#settleOn(undefined);
    } else if (told || (width && height)) {
      this.#settleOn({ width: Math.round(width * scale), height: Math.round(height * scale) });
    }
  }

  /**
   * @param {{ width: number, height: number } | undefined} size
   */
  #settleOn(size) {
    this.#cancelTelling?.();
    this.#cancelTelling = this.#environment.startTimer(SETTLING_TIME, () => {
      this.#size = size;
      if (this.#connected) this.#tell(size ?? { width: null, height: null });
    });
  }
}
