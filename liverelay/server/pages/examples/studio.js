/** Choosing a camera and a microphone, with a preview, before anything is sent. */

import { byId, notify } from '../shared/page.js';

const REFUSALS = {
  NotAllowedError: [
    'Your browser does not let this page use the camera or microphone',
    'Allow it by the symbol beside the address, then try again.',
  ],
  NotFoundError: ['No camera or microphone found', 'Connect one, then try again.'],
  NotReadableError: [
    'The camera or microphone is in use',
    'Close the other program that uses it, then try again.',
  ],
};

/** The devices and the stream made of them; `stream` is null until they are turned on. */
export class Studio {
  stream = null;
  #selects = { video: byId('camera'), audio: byId('microphone') };
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    for (const select of Object.values(this.#selects)) {
      select.addEventListener('change', () => this.#open(this.#chosen()));
    }
    byId('turn-on').addEventListener('click', () => this.turnOn());
  }

  async turnOn() {
    if (!navigator.mediaDevices) {
      notify({
        title: 'This page needs https',
        text: 'Browsers give cameras only to pages opened by https, or at http://localhost.',
      });
      return;
    }
    const kinds = (await navigator.mediaDevices.enumerateDevices()).map(({ kind }) => kind);
    const wanted = { video: kinds.includes('videoinput'), audio: kinds.includes('audioinput') };
    if (!wanted.video && !wanted.audio) this.#refuse('NotFoundError');
    else await this.#open(wanted);
  }

  lock(locked) {
    for (const select of Object.values(this.#selects)) select.disabled = locked;
    byId('devices-hint').hidden = !locked;
  }

  #chosen() {
    const wish = ({ value }) => value !== '' && { deviceId: { exact: value } };
    return { video: wish(this.#selects.video), audio: wish(this.#selects.audio) };
  }

  async #open(wanted) {
    // Phones open one camera at a time.
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    if (wanted.video || wanted.audio) {
      try {
        this.stream = await navigator.mediaDevices.getUserMedia(wanted);
        notify(null);
      } catch (error) {
        this.#refuse(error.name);
      }
    }
    if (this.stream || byId('devices').hidden === false) await this.#listDevices();
    this.#onChange(this.stream);
  }

  #refuse(name) {
    const [title, text] = REFUSALS[name] ?? ['The camera or microphone did not start', 'Try again.'];
    notify({ title, text });
  }

  async #listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    this.#fill('video', devices.filter(({ kind }) => kind === 'videoinput'));
    this.#fill('audio', devices.filter(({ kind }) => kind === 'audioinput'));
    byId('devices').hidden = false;
  }

  #fill(kind, devices) {
    const none = kind === 'video' ? 'No camera' : 'No microphone';
    const track = this.stream?.getTracks().find((candidate) => candidate.kind === kind);
    const used = track?.getSettings().deviceId ?? '';
    const options = devices.map(({ deviceId, label }, index) => {
      const name = label || `${kind === 'video' ? 'Camera' : 'Microphone'} ${index + 1}`;
      return new Option(name, deviceId, false, deviceId === used);
    });
    this.#selects[kind].replaceChildren(...options, new Option(none, '', false, used === ''));
  }
}

/** The two mute buttons, for the running session or, before one, for the stream itself. */
export class MuteButtons {
  #session = null;
  #stream = null;

  constructor() {
    byId('microphone-mute').addEventListener('click', () => this.#toggle('Audio'));
    byId('camera-mute').addEventListener('click', () => this.#toggle('Video'));
  }

  show(stream, session) {
    this.#stream = stream;
    this.#session = session;
    this.#draw('Audio', byId('microphone-mute'), ['Mute', 'Unmute']);
    this.#draw('Video', byId('camera-mute'), ['Hide camera', 'Show camera']);
    // A black picture alone looks like a broken camera.
    byId('camera-hidden').hidden = !this.#isMuted('Video');
  }

  #track(kind) {
    return this.#stream?.[`get${kind}Tracks`]()[0];
  }

  #isMuted(kind) {
    if (this.#session) return this.#session[`is${kind}Muted`];
    return this.#track(kind)?.enabled === false;
  }

  #toggle(kind) {
    const muted = this.#isMuted(kind);
    if (this.#session) this.#session[`${muted ? 'unmute' : 'mute'}${kind}`]();
    else this.#track(kind).enabled = muted;
    this.show(this.#stream, this.#session);
  }

  #draw(kind, button, [mute, unmute]) {
    const muted = this.#isMuted(kind);
    button.disabled = !this.#track(kind);
    button.toggleAttribute('data-muted', muted);
    button.lastChild.textContent = ` ${muted ? unmute : mute}`;
  }
}
