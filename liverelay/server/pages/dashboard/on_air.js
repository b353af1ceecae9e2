/** Going live from this page; it goes on while its user looks at other rooms. */

import { byId, keepFocus, notify, SERVER } from '../shared/page.js';
import { button, h } from './dom.js';
import { createToken } from './links.js';
import { roomLink, roomName } from './room_names.js';

/** @typedef {{ room_id: string, room_type: string }} RoomName */
/** @typedef {import('../../../sdk_js/src/publish_session.js').PublishSession} PublishSession */

/** Seconds; only reconnections need the token again. */
const TOKEN_LIFETIME = 12 * 3600;

const ENDED = {
  title: 'You are not live any more',
  text: 'The room was deleted, you were kicked, or the connection is gone for good.',
};

/** Dispatched when this page goes live or stops. */
export class OnAir extends EventTarget {
  /** @type {RoomName | null} */
  #room = null;
  /** @type {PublishSession | null} */
  #session = null;
  /** @type {AbortController | null} */
  #starting = null;
  /** @type {MediaStream | null} */
  #screen = null;

  /** The room that this page publishes to, or null. */
  get roomId() {
    return this.#room?.room_id ?? null;
  }

  /**
   * @param {RoomName} room
   * @param {'camera' | 'screen'} source
   */
  async start(room, source) {
    this.stop();
    const starting = new AbortController();
    this.#starting = starting;
    /** @type {MediaStream | null} */
    let screen = null;
    try {
      // First, because browsers show the screen's choice only right after a click.
      if (source === 'screen') screen = await openScreen();
      screen?.getVideoTracks()[0].addEventListener('ended', () => {
        if (this.#starting === starting) this.stop();
      });
      this.#session = await publish(room, screen, {
        signal: starting.signal,
        onStateChange: (state) => this.#onState(state),
      });
    } catch (error) {
      // Whatever ended it meanwhile, logging out perhaps, could not stop what was not open yet.
      stopTracks(screen);
      if (starting.signal.aborted) return;
      throw error;
    }
    this.#screen = screen;
    this.#room = room;
    this.#draw();
  }

  stop() {
    this.#starting?.abort();
    this.#session?.close();
    this.#release();
    this.#draw();
  }

  #release() {
    stopTracks(this.#screen);
    this.#screen = null;
    this.#session = null;
    this.#room = null;
  }

  /** @param {string} state */
  #onState(state) {
    if (state !== 'failed' || !this.#session) return;
    this.stop();
    notify(ENDED);
  }

  #draw() {
    const bar = byId('on-air');
    const room = this.#room;
    bar.hidden = !room;
    if (room) {
      const stop = button('Stop', () => this.stop(), { class: 'button danger small' });
      const link = h('a', { href: roomLink(room.room_id) }, roomName(room));
      bar.replaceChildren(h('span', {}, 'You are live in ', link), stop);
      keepFocus(stop);
    }
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {RoomName} room
 * @param {MediaStream | null} screen The camera without one.
 * @param {{ signal: AbortSignal, onStateChange: (state: string) => void }} options
 * @returns {Promise<PublishSession>}
 */
async function publish(room, screen, options) {
  options.signal.throwIfAborted();
  const token = await createToken(room.room_id, 'publish', TOKEN_LIFETIME);
  const media = screen ? { stream: screen } : { video: true, audio: true };
  return new globalThis.LiveRelay(SERVER).publish({ token, ...media, ...options });
}

/** @param {MediaStream | null} stream */
function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** @returns {Promise<MediaStream>} */
async function openScreen() {
  if (!navigator.mediaDevices?.getDisplayMedia)
    throw new globalThis.LiveRelayError('This browser cannot share the screen', {
      code: 'MEDIA_ERROR',
    });
  try {
    return await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true });
  } catch {
    throw new globalThis.LiveRelayError('No screen or window was chosen', { code: 'MEDIA_ERROR' });
  }
}
