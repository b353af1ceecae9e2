/**
 * What a session sends: its tracks, their mutes, and what takes a track's place.
 *
 * Tracks of a caller's own stream are never stopped.
 */

/** @import { Environment } from './environment.js' */
/** @import { SessionEvents } from './session.js' */

import { mediaError, nameOf } from './capture.js';
import { addInManySizes, hasManySizes } from './encodings.js';
import { OwnTracks } from './own_tracks.js';

/** @typedef {'audio' | 'video'} Kind */

/**
 * @typedef {object} LocalMediaOptions
 * @property {MediaStream} [stream]
 * @property {boolean | MediaTrackConstraints} [video]
 * @property {boolean | MediaTrackConstraints} [audio]
 * @property {boolean} [simulcast]
 */

/** @typedef {<K extends keyof SessionEvents>(type: K, detail: SessionEvents[K]) => void} Emit */

export class LocalMedia {
  #environment;
  #options;
  #emit;
  #own;
  /** @type {MediaStream | undefined} */
  #stream;
  /** @type {Map<Kind, RTCRtpSender>} */
  #senders = new Map();
  /** @type {Record<Kind, boolean>} */
  #muted = { audio: false, video: false };
  /** @type {Partial<Record<Kind, object>>} Of several switches at once the latest counts. */
  #latestSwitch = {};
  /** @type {{ screen: MediaStreamTrack, camera: MediaStreamTrack | undefined } | undefined} */
  #sharing;
  /** Aborted by `release`: tracks of the page live on, and are listened to no more. */
  #listening = new AbortController();

  /**
   * @param {Environment} environment
   * @param {LocalMediaOptions} options
   * @param {Emit} emit
   */
  constructor(environment, options, emit) {
    this.#environment = environment;
    this.#options = options;
    this.#emit = emit;
    this.#own = new OwnTracks(environment);
  }

  /** What is sent now, for a preview. The object stays the same when a device is switched. */
  get stream() {
    return this.#stream;
  }

  get isScreenShared() {
    return this.#sharing !== undefined;
  }

  async open() {
    const { stream, video = false, audio = false } = this.#options;
    const source = stream ?? (await this.#own.openDevices({ video, audio }));
    const tracks = [source.getAudioTracks()[0], source.getVideoTracks()[0]].filter(Boolean);
    for (const track of tracks) {
      const kind = kindOf(track);
      this.#muted[kind] = !track.enabled;
      this.#reportEnd(track);
    }
    this.#stream = this.#environment.createMediaStream(tracks);
  }

  /**
   * @param {RTCPeerConnection} peerConnection
   * @param {{ direction: RTCRtpTransceiverDirection, always: boolean }} options `always`: add a
   *   section for a kind that is not sent as well, since it may be received or come later.
   */
  addTo(peerConnection, { direction, always }) {
    const streams = this.#stream ? [this.#stream] : [];
    this.#senders.clear();
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const track = this.#track(kind);
      if (!track && !always) continue;
      const source = track ?? kind;
      const transceiver = this.#isInManySizes(kind)
        ? addInManySizes(peerConnection, source, { direction, streams })
        : peerConnection.addTransceiver(source, { direction, streams });
      this.#senders.set(kind, transceiver.sender);
    }
  }

  /**
   * By the camera, also while a screen is in its place: a connection keeps the sizes that it began with.
   *
   * @param {Kind} kind
   */
  #isInManySizes(kind) {
    const device = this.#device(kind);
    return kind === 'video' && this.#options.simulcast !== false && !!device && hasManySizes(device);
  }

  /**
   * @param {Kind} kind
   */
  isMuted(kind) {
    return this.#muted[kind];
  }

  /**
   * @param {Kind} kind
   * @param {boolean} muted
   */
  setMuted(kind, muted) {
    this.#muted[kind] = muted;
    const track = this.#track(kind);
    if (track) track.enabled = !muted;
  }

  /**
   * @param {Kind} kind
   * @param {string | MediaTrackConstraints} device
   */
  async switchDevice(kind, device) {
    this.#demandSender(kind);
    const wanted = typeof device === 'string' ? { deviceId: { exact: device } } : device;
    const request = {};
    this.#latestSwitch[kind] = request;
    let track;
    try {
      track = await this.#own.openDevice(kind, wanted);
    } catch (error) {
      const previous = this.#device(kind);
      const isLatest = this.#latestSwitch[kind] === request;
      if (!isLatest || !isInUse(error) || !previous || !this.#own.has(previous)) throw error;
      await this.#openAfter(previous, wanted);
      return;
    }
    if (this.#latestSwitch[kind] === request) await this.#take(track);
    else this.#own.stop(track);
  }

  /**
   * @param {DisplayMediaStreamOptions} options
   */
  async startScreenShare(options) {
    this.#demandSender('video');
    const screen = await this.#own.openScreen(options);
    const camera = this.#sharing ? this.#sharing.camera : this.#track('video');
    this.#own.stop(this.#sharing?.screen);
    this.#sharing = { screen, camera };
    // The browser has a button of its own that ends the sharing.
    screen.addEventListener('ended', () => void this.#onScreenEnded(screen));
    await this.#send('video', screen);
    this.#emit('sourcechange', { source: 'screen' });
  }

  async stopScreenShare() {
    if (!this.#sharing) return;
    const { screen, camera } = this.#sharing;
    this.#sharing = undefined;
    this.#own.stop(screen);
    await this.#send('video', camera);
    this.#emit('sourcechange', { source: camera ? 'camera' : 'none' });
  }

  release() {
    this.#listening.abort();
    this.#sharing = undefined;
    this.#own.release();
  }

  /**
   * @param {MediaStreamTrack} screen
   */
  async #onScreenEnded(screen) {
    if (this.#sharing?.screen === screen) await this.stopScreenShare();
  }

  /**
   * @param {Kind} kind
   */
  #track(kind) {
    return kind === 'audio' ? this.#stream?.getAudioTracks()[0] : this.#stream?.getVideoTracks()[0];
  }

  /**
   * What is switched: also the camera that waits for a screen to give its place back.
   *
   * @param {Kind} kind
   */
  #device(kind) {
    return kind === 'video' && this.#sharing ? this.#sharing.camera : this.#track(kind);
  }

  /**
   * Phones open one camera at a time: there, the old one has to go first. It comes back if the new
   * one does not open even then.
   *
   * @param {MediaStreamTrack} previous
   * @param {MediaTrackConstraints} wanted
   */
  async #openAfter(previous, wanted) {
    const kind = kindOf(previous);
    const before = { ...previous.getConstraints(), deviceId: { exact: previous.getSettings().deviceId } };
    this.#own.stop(previous);
    const track = await this.#own.openDevice(kind, wanted).catch(async (error) => {
      await this.#reopen(previous, before);
      throw error;
    });
    await this.#replace(previous, track);
  }

  /**
   * @param {MediaStreamTrack} previous
   * @param {MediaTrackConstraints} constraints
   */
  async #reopen(previous, constraints) {
    const kind = kindOf(previous);
    try {
      await this.#replace(previous, await this.#own.openDevice(kind, constraints));
    } catch {
      const isMissed = !this.#own.isReleased && this.#device(kind) === previous;
      if (isMissed) this.#emit('trackended', { kind });
    }
  }

  /**
   * Takes a track in place of `previous`, unless a newer switch has done so meanwhile.
   *
   * @param {MediaStreamTrack} previous
   * @param {MediaStreamTrack} track
   */
  async #replace(previous, track) {
    if (this.#device(kindOf(track)) === previous) await this.#take(track);
    else this.#own.stop(track);
  }

  /**
   * @param {MediaStreamTrack} track
   */
  async #take(track) {
    const kind = kindOf(track);
    this.#reportEnd(track);
    this.#own.stop(this.#device(kind));
    if (kind === 'video' && this.#sharing) this.#sharing.camera = track;
    else await this.#send(kind, track);
  }

  /**
   * @param {Kind} kind
   */
  #demandSender(kind) {
    if (!this.#own.isReleased && this.#senders.has(kind)) return;
    throw mediaError(`This session sends no ${kind}`);
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | undefined} track
   */
  async #send(kind, track) {
    const previous = this.#track(kind);
    if (previous) this.#stream?.removeTrack(previous);
    if (track) {
      track.enabled = !this.#muted[kind];
      this.#stream?.addTrack(track);
    }
    try {
      await this.#senders.get(kind)?.replaceTrack(track ?? null);
    } catch (cause) {
      // The connection is lost: the next one takes the track from the stream.
      if (nameOf(cause) === 'InvalidStateError') return;
      throw mediaError(`The browser could not send the new ${kind}`, cause);
    }
  }

  /**
   * @param {MediaStreamTrack} track
   */
  #reportEnd(track) {
    // Not fired for tracks that are stopped by us: this one was unplugged or taken away.
    const kind = kindOf(track);
    const onEnded = () => {
      // A track of the page that another has replaced is the page's own business.
      if (this.#device(kind) === track) this.#emit('trackended', { kind });
    };
    track.addEventListener('ended', onEnded, { signal: this.#listening.signal });
  }
}

/**
 * @param {MediaStreamTrack} track
 * @returns {Kind}
 */
function kindOf(track) {
  return track.kind === 'audio' ? 'audio' : 'video';
}

/**
 * @param {unknown} error
 */
function isInUse(error) {
  return error instanceof Error && nameOf(error.cause) === 'NotReadableError';
}
