/** The picture of a room: a preview without sound, and going live from this browser. */

import { notify, SERVER } from '../shared/page.js';
import { explain } from '../shared/words.js';
import { attempt, report } from './actions.js';
import { RequestError } from './api.js';
import { button, h, setText } from './dom.js';
import { createToken } from './links.js';
import { roomName } from './room_names.js';

/** @typedef {import('./on_air.js').OnAir} OnAir */
/** @typedef {import('../../../sdk_js/src/subscribe_session.js').SubscribeSession} SubscribeSession */

/** Seconds. */
const TOKEN_LIFETIME = 3600;

const ENDED = {
  title: 'The preview has ended',
  text: 'It was kicked, or the connection is gone for good. You can start it again.',
};

export class Stage {
  #room;
  #onAir;
  #isLive = false;
  /** @type {SubscribeSession | null} */
  #session = null;
  /** @type {AbortController | null} */
  #joining = null;
  #isConnected = false;
  #video = h('video', { id: 'preview', muted: true, playsinline: true });
  #title = h('strong');
  #text = h('p');
  #overlay = h('div', { class: 'overlay' }, this.#title, this.#text);
  #preview = button('Preview', () => this.#togglePreview(), { class: 'button primary' });
  #camera = button('Go live with camera', () => this.#goLive('camera'));
  #screen = button('Share screen', () => this.#goLive('screen'));

  /**
   * @param {{ room_id: string, room_type: string }} room
   * @param {OnAir} onAir
   */
  constructor(room, onAir) {
    this.#room = room;
    this.#onAir = onAir;
    // The attribute alone would not mute an element that is made by a script.
    this.#video.muted = true;
    this.#video.setAttribute('aria-label', `Preview of ${roomName(room)}, without sound`);
    this.element = h(
      'section',
      { class: 'stage-card', 'aria-label': 'Preview' },
      h('div', { class: 'stage' }, this.#video, this.#overlay),
      h('div', { class: 'row' }, this.#preview, this.#camera, this.#screen),
    );
    this.#draw();
  }

  /** @param {boolean} isLive Whether anyone publishes. */
  update(isLive) {
    this.#isLive = isLive;
    this.#draw();
  }

  close() {
    this.#stopPreview();
  }

  async #togglePreview() {
    if (this.#session || this.#joining) this.#stopPreview();
    else await this.#startPreview();
  }

  async #startPreview() {
    const joining = new AbortController();
    this.#joining = joining;
    this.#draw();
    notify(null);
    try {
      const token = await createToken(this.#room.room_id, 'subscribe', TOKEN_LIFETIME);
      const onStateChange = (/** @type {string} */ state) => this.#onState(state);
      const lr = new globalThis.LiveRelay(SERVER);
      this.#session = await lr.subscribe({
        token,
        element: this.#video,
        signal: joining.signal,
        // To come back, too, while nobody is live.
        waitForPublisher: true,
        onStateChange,
      });
    } catch (error) {
      if (!joining.signal.aborted) tell(error);
    } finally {
      if (this.#joining === joining) this.#joining = null;
      this.#draw();
    }
  }

  /** @param {string} state */
  #onState(state) {
    this.#isConnected = state === 'connected';
    if (state === 'failed' && this.#session) {
      this.#stopPreview();
      notify(ENDED);
    }
    this.#draw();
  }

  #stopPreview() {
    this.#joining?.abort();
    this.#joining = null;
    this.#session?.close();
    this.#session = null;
    this.#draw();
  }

  /** @param {'camera' | 'screen'} source */
  async #goLive(source) {
    await attempt(source === 'camera' ? this.#camera : this.#screen, () =>
      this.#onAir.start(this.#room, source).catch(tell),
    );
    this.#draw();
  }

  #draw() {
    const isOpen = this.#session !== null || this.#joining !== null;
    const mine = this.#onAir.roomId === this.#room.room_id;
    setText(this.#preview, isOpen ? 'Stop preview' : 'Preview');
    this.#preview.hidden = !this.#isLive && !isOpen;
    const isTaken = this.#isLive && this.#room.room_type === 'broadcast';
    this.#camera.hidden = this.#screen.hidden = isTaken || this.#onAir.roomId !== null;
    this.#camera.classList.toggle('primary', !this.#isLive);
    const isConnecting = isOpen && !this.#isConnected;
    this.#overlay.hidden = isOpen && !isConnecting && this.#isLive;
    const [title, text] = describe({ isOpen, isConnecting, isLive: this.#isLive, mine });
    setText(this.#title, title);
    setText(this.#text, text);
  }
}

/**
 * @param {Record<'isOpen' | 'isConnecting' | 'isLive' | 'mine', boolean>} state
 * @returns {[string, string]}
 */
function describe({ isOpen, isConnecting, isLive, mine }) {
  if (isConnecting) return ['Connecting…', ''];
  if (mine) return ['You are live', 'The preview shows what viewers see.'];
  if (isLive) return ['Live now', 'The preview has no sound, and counts as a viewer.'];
  if (isOpen) return ['Nobody is live', 'The preview goes on by itself as soon as somebody is.'];
  return ['Nobody is live', 'Go live from this browser, or send a link to whoever does.'];
}

/** @param {unknown} error */
function tell(error) {
  if (error instanceof RequestError) report(error);
  else notify(explain(error));
}
