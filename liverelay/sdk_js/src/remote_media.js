/** What a session receives: the tracks, and the element that plays them. */

/** @import { Environment } from './environment.js' */
/** @import { Emit } from './local_media.js' */

export class RemoteMedia {
  #environment;
  #element;
  #emit;
  /** @type {MediaStream | undefined} */
  #stream;
  /** @type {MediaStream | undefined} What the element has: during another attempt still the old one. */
  #shown;

  /**
   * @param {Environment} environment
   * @param {HTMLMediaElement} element
   * @param {Emit} emit
   */
  constructor(environment, element, emit) {
    this.#environment = environment;
    this.#element = element;
    this.#emit = emit;
  }

  get stream() {
    return this.#stream;
  }

  /**
   * Collects the tracks of a new connection. The element keeps its last picture until `play`.
   *
   * @param {RTCPeerConnection} peerConnection
   */
  collect(peerConnection) {
    const stream = this.#environment.createMediaStream([]);
    this.#stream = stream;
    peerConnection.addEventListener('track', ({ track }) => stream.addTrack(track));
  }

  play() {
    this.#shown = this.#stream;
    show(this.#element, this.#shown);
    this.#element.play().catch((error) => {
      // Anything else means that the element got another stream, or was paused by the page.
      if (error?.name !== 'NotAllowedError') return;
      // In a task of its own: the page can listen only after `subscribe` has given it the session.
      const { startTimer } = this.#environment;
      startTimer(0, () => this.#emit('playblocked', { element: this.#element }));
    });
  }

  release() {
    unshow(this.#element, this.#shown);
  }
}

/**
 * @param {HTMLMediaElement} element
 * @param {MediaStream | undefined} stream
 */
export function show(element, stream) {
  element.autoplay = true;
  // Without this, iPhones play full screen.
  if ('playsInline' in element) element.playsInline = true;
  element.srcObject = stream ?? null;
}

/**
 * @param {HTMLMediaElement} element
 * @param {MediaStream | undefined} stream
 */
export function unshow(element, stream) {
  if (element.srcObject === stream) element.srcObject = null;
}
