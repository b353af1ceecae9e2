/** A browser and a server that do what a test says, on a clock that the test moves. */

import { setImmediate } from 'node:timers/promises';

import { LiveRelay } from '../src/index.js';

// Node 18 has no global CustomEvent.
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail } = {}) {
    super(type);
    this.detail = detail;
  }
};

/** Lets everything that is ready run. */
export async function settle() {
  for (let turn = 0; turn < 8; turn += 1) await setImmediate();
}

export class FakeTrack extends EventTarget {
  enabled = true;
  stopped = false;
  settings = {};

  constructor(kind, label = kind, constraints = {}) {
    super();
    this.kind = kind;
    this.label = label;
    this.constraints = constraints;
  }

  getConstraints() {
    return this.constraints;
  }

  getSettings() {
    return this.settings;
  }

  stop() {
    this.stopped = true;
  }
}

export class FakeStream {
  constructor(tracks = []) {
    this.tracks = [...tracks];
  }

  getTracks() {
    return [...this.tracks];
  }

  getAudioTracks() {
    return this.tracks.filter(({ kind }) => kind === 'audio');
  }

  getVideoTracks() {
    return this.tracks.filter(({ kind }) => kind === 'video');
  }

  addTrack(track) {
    this.tracks.push(track);
  }

  removeTrack(track) {
    this.tracks = this.tracks.filter((other) => other !== track);
  }
}

const LAYERS = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/** As a browser has them that describes the layers which it sends, and does not offer to receive any. */
const extensionsOf = (kind) => (kind === 'video' ? [{ uri: LAYERS, direction: 'sendonly' }] : []);

export class FakePeerConnection extends EventTarget {
  connectionState = 'new';
  localDescription = null;
  transport = Object.assign(new EventTarget(), { state: 'new' });
  transceivers = [];
  statistics = new Map();
  restarts = 0;
  refusesModes = false;

  addTransceiver(trackOrKind, init) {
    const modes = init.sendEncodings?.some((encoding) => encoding.scalabilityMode);
    if (this.refusesModes && modes) throw new DOMException('', 'OperationError');
    const sender = { track: null, transport: this.transport };
    sender.replaceTrack = async (track) => {
      if (this.connectionState === 'closed') throw new DOMException('', 'InvalidStateError');
      sender.track = track;
    };
    if (typeof trackOrKind !== 'string') sender.track = trackOrKind;
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    const transceiver = { kind, ...init, sender, headerExtensions: extensionsOf(kind) };
    transceiver.getHeaderExtensionsToNegotiate = () => transceiver.headerExtensions;
    transceiver.setHeaderExtensionsToNegotiate = (wanted) => (transceiver.headerExtensions = wanted);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers() {
    return this.transceivers;
  }

  restartIce() {
    this.restarts += 1;
  }

  async setLocalDescription() {
    const sdp = this.restarts ? `the offer of restart ${this.restarts}` : 'the offer';
    this.localDescription = { type: 'offer', sdp };
  }

  async setRemoteDescription(description) {
    if (description.sdp === 'broken') throw new TypeError('Failed to parse SessionDescription');
    this.remoteDescription = description;
  }

  async getStats() {
    return this.statistics;
  }

  close() {
    this.connectionState = 'closed';
  }

  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  /** What a browser shows when the other side says goodbye. */
  endDtls() {
    this.transport.state = 'closed';
    this.transport.dispatchEvent(new Event('statechange'));
  }

  receive(track) {
    this.dispatchEvent(Object.assign(new Event('track'), { track }));
  }
}

export class FakeElement {
  srcObject = null;
  muted = false;
  playsInline = false;
  refusal = null;
  plays = 0;

  async play() {
    this.plays += 1;
    if (this.refusal) throw this.refusal;
  }
}

export function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers });
}

function accepted(sessionId) {
  return json(200, { sdp: 'the answer', type: 'answer', session_id: sessionId });
}

export function refused(status, error, headers = {}) {
  return () => json(status, { error, message: `Sentence for ${error}` }, headers);
}

export const unreachable = () => Promise.reject(new TypeError('Failed to fetch'));

/** An answer that arrives when the test calls `accept`, unless the request is given up before. */
export function answeredLater() {
  const later = {};
  later.answer = ({ signal }) => {
    later.signal = signal;
    return new Promise((resolve, reject) => {
      later.accept = () => resolve(accepted('session-late'));
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  return later;
}

/** An answer whose body breaks off, as browsers tell it. */
export function cutOff() {
  const start = (controller) => controller.error(new TypeError('network error'));
  return new Response(new ReadableStream({ start }));
}

/** A browser whose every part can be looked at, and whose server answers what `answers` says. */
export class FakeBrowser {
  requests = [];
  peerConnections = [];
  /** Used up one by one; then every offer is accepted. */
  answers = [];
  /** Used up one by one; then every restart is answered, and finds a path. */
  restartAnswers = [];
  /** As `answers`, for what a session has use for; then every change is taken. */
  changeAnswers = [];
  /** As `answers`, for requests of events; then each gets a stream. */
  eventAnswers = [];
  captures = [];
  refusesModes = false;
  /** Given what is asked for, the error that refuses it, if any. */
  captureRefusal = null;
  /** Who reads the events of a session: what is enqueued there is what the server says. */
  eventStreams = [];
  devices = {
    getUserMedia: (constraints) => this.#capture('device', constraints),
    getDisplayMedia: (constraints) => this.#capture('screen', constraints),
  };
  /** Whether accepted connections connect by themselves. */
  connects = true;
  seconds = 0;
  #timers = new Set();

  environment = {
    fetch: (url, init) => this.#fetch(url, init),
    createPeerConnection: () => {
      const peerConnection = new FakePeerConnection();
      peerConnection.refusesModes = this.refusesModes;
      this.peerConnections.push(peerConnection);
      return peerConnection;
    },
    createMediaStream: (tracks) => new FakeStream(tracks),
    mediaDevices: () => this.devices,
    startTimer: (seconds, callback) => {
      const timer = { at: this.seconds + seconds, callback };
      this.#timers.add(timer);
      return () => this.#timers.delete(timer);
    },
    observeSize: (element, onSize) => {
      this.onSize = onSize;
      return () => (this.onSize = null);
    },
    observeNetwork: (onChange) => {
      this.onNetworkChange = onChange;
      return () => (this.onNetworkChange = null);
    },
    now: () => this.seconds,
    random: () => 1,
    page: new EventTarget(),
  };

  get liveRelay() {
    return new LiveRelay({ server: 'https://sfu.example', environment: this.environment });
  }

  get peerConnection() {
    return this.peerConnections.at(-1);
  }

  get offers() {
    return this.requests.filter(({ method }) => method === 'POST');
  }

  get changes() {
    return this.#patches.filter(({ body }) => !body.sdp).map(({ body }) => body);
  }

  get restarts() {
    return this.#patches.filter(({ body }) => body.sdp);
  }

  get #patches() {
    return this.requests.filter(({ method }) => method === 'PATCH');
  }

  get deletions() {
    return this.requests.filter(({ method }) => method === 'DELETE');
  }

  get pendingTimers() {
    return this.#timers.size;
  }

  /** Moves the clock, and runs what becomes due on the way in its order. */
  async advance(seconds) {
    const end = this.seconds + seconds;
    await settle();
    for (let timer = this.#nextTimer(end); timer; timer = this.#nextTimer(end)) {
      this.seconds = timer.at;
      this.#timers.delete(timer);
      timer.callback();
      await settle();
    }
    this.seconds = end;
    await settle();
  }

  show(type, persisted) {
    this.environment.page.dispatchEvent(Object.assign(new Event(type), { persisted }));
  }

  #nextTimer(end) {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }

  async #fetch(url, init) {
    const number = this.offers.length + 1;
    const body = init.body && JSON.parse(init.body);
    this.requests.push({ url, ...init, body });
    if (url.endsWith('/events')) return this.#openEvents(init);
    if (init.method === 'PATCH' && body.sdp) return this.#answerRestart(init);
    if (init.method === 'PATCH' && this.changeAnswers.length) return this.changeAnswers.shift()();
    if (init.method !== 'POST') return new Response(null, { status: 204 });
    const peerConnection = this.peerConnection;
    const answer = this.answers.shift();
    if (answer) return answer(init);
    if (this.connects) void setImmediate().then(() => peerConnection.become('connected'));
    return accepted(`session-${number}`);
  }

  #answerRestart(init) {
    const answer = this.restartAnswers.shift();
    if (answer) return answer(init);
    const { peerConnection } = this;
    void setImmediate().then(() => peerConnection.become('connected'));
    return json(200, { sdp: 'the answer to a restart', type: 'answer', session_id: 'session-1' });
  }

  #openEvents({ signal }) {
    const answer = this.eventAnswers.shift();
    if (answer) return answer();
    const encoder = new TextEncoder();
    const stream = { signal };
    const body = new ReadableStream({
      start(controller) {
        stream.write = (text) => controller.enqueue(encoder.encode(text));
        stream.close = () => controller.close();
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    this.eventStreams.push(stream);
    return new Response(body);
  }

  async #capture(source, constraints) {
    this.captures.push({ source, ...constraints });
    const refusal = this.captureRefusal?.(constraints);
    if (refusal) throw refusal;
    const label = `${source} ${this.captures.length}`;
    const kinds = ['audio', 'video'].filter((kind) => constraints[kind]);
    const tracks = kinds.map((kind) => new FakeTrack(kind, label, constraints[kind]));
    for (const track of tracks) track.settings = { deviceId: `id of ${label}` };
    return new FakeStream(tracks);
  }
}

/** The track that goes out on the latest connection. */
export function sent(browser, kind) {
  return browser.peerConnection.transceivers.find((section) => section.kind === kind).sender.track;
}

/** Takes the connection away; the next one is there five seconds later. */
export async function lose(browser) {
  browser.answers = [unreachable];
  browser.peerConnection.become('failed');
  await settle();
}

/** All states a session goes through, as `onStateChange` tells them. */
export function recordStates() {
  const states = [];
  return { states, onStateChange: (state) => states.push(state) };
}
