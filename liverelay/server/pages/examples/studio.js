/** Choosing a camera and a microphone, with a preview, before anything is sent. */

import { byId, keepFocus, notify } from '../shared/page.js';

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
  #turnOn = byId('turn-on');
  #onChange;
  /** What is to be open, while devices are being opened. */
  #wanted = null;
  /** Kept by kind, because another device is another track. */
  #muted = { audio: false, video: false };

  constructor(onChange) {
    this.#onChange = onChange;
    for (const select of Object.values(this.#selects)) {
      select.addEventListener('change', () => this.#open(this.#chosen()));
    }
    this.#turnOn.addEventListener('click', () => this.turnOn());
  }

  async turnOn() {
    if (!navigator.mediaDevices) {
      notify({
        title: 'This page needs https',
        text: 'Browsers give cameras only to pages opened by https, or at http://localhost.',
      });
      return;
    }
    this.#turnOn.disabled = true;
    const kinds = (await navigator.mediaDevices.enumerateDevices()).map(({ kind }) => kind);
    const wanted = { video: kinds.includes('videoinput'), audio: kinds.includes('audioinput') };
    if (wanted.video || wanted.audio) {
      await this.#open(wanted);
    } else {
      this.#refuse('NotFoundError');
      this.#settle();
    }
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
    const isOpening = this.#wanted !== null;
    this.#wanted = wanted;
    if (isOpening) return;
    this.#turnOn.disabled = true;
    this.#close();
    let stream = null;
    let devices = [];
    // Phones open one camera at a time: what is chosen meanwhile comes next.
    do {
      stopTracks(stream);
      wanted = this.#wanted;
      stream = await this.#capture(wanted);
      devices = await navigator.mediaDevices.enumerateDevices();
    } while (wanted !== this.#wanted);
    this.#wanted = null;
    this.stream = stream;
    if (stream || !byId('devices').hidden) this.#listDevices(devices);
    this.#settle();
  }

  #close() {
    for (const track of this.stream?.getTracks() ?? []) this.#muted[track.kind] = !track.enabled;
    stopTracks(this.stream);
    this.stream = null;
    this.#onChange(null);
  }

  /** The stream, or null if nothing is wanted or it is refused. */
  async #capture(wanted) {
    notify(null);
    if (!wanted.video && !wanted.audio) return null;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      for (const track of stream.getTracks()) track.enabled = !this.#muted[track.kind];
      return stream;
    } catch (error) {
      this.#refuse(error.name);
      return null;
    }
  }

  #settle() {
    this.#turnOn.disabled = false;
    this.#onChange(this.stream);
    // A disabled button loses the focus, and with it the place of whoever uses the keyboard.
    if (!this.stream) keepFocus(this.#turnOn);
  }

  #refuse(name) {
    const [title, text] = REFUSALS[name] ?? ['The camera or microphone did not start', 'Try again.'];
    notify({ title, text });
  }

  #listDevices(devices) {
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

function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
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
