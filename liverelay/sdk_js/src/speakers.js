/**
 * Who speaks in the room, as the server tells it: server-sent events, read from a `fetch` because
 * `EventSource` cannot send the token. Nothing is asked for unless the page listens.
 */

/** @import { Environment } from './environment.js' */
/** @import { Emit } from './local_media.js' */

import { Backoff } from './backoff.js';
import { pause } from './wait.js';

/**
 * @typedef {object} Speaking
 * @property {string} peerId The `sub` of the peer's token.
 * @property {boolean} speaking
 * @property {number} audioLevel 0 to 1 when it began; 0 when it ended.
 * @property {boolean} dominant Whether this is the one to show large.
 */

const RETRY_DELAYS = { first: 1, most: 10 };

export class SpeakerWatch {
  #environment;
  #emit;
  /** @type {{ url: string, token: string } | undefined} */
  #session;
  #isWanted = false;
  /** @type {AbortController | undefined} */
  #following;
  /** @type {Map<string, boolean>} The peers that speak, by id; whether each is the dominant one. */
  #speaking = new Map();

  /**
   * @param {Environment} environment
   * @param {Emit} emit
   */
  constructor(environment, emit) {
    this.#environment = environment;
    this.#emit = emit;
  }

  /** Called when the page begins to listen. */
  want() {
    this.#isWanted = true;
    this.#follow();
  }

  /**
   * Called when the session is connected.
   *
   * @param {{ url: string, token: string } | undefined} session
   */
  connect(session) {
    this.#session = session;
    this.#follow();
  }

  /** Called when the connection is lost or closed: nobody is heard any more. */
  disconnect() {
    this.#session = undefined;
    this.#following?.abort();
    this.#following = undefined;
    this.#update({ speaking: [], dominant: null });
  }

  #follow() {
    if (!this.#isWanted || !this.#session || this.#following) return;
    this.#following = new AbortController();
    void this.#readAgainAndAgain(this.#session, this.#following.signal);
  }

  /**
   * @param {{ url: string, token: string }} session
   * @param {AbortSignal} signal
   */
  async #readAgainAndAgain(session, signal) {
    let backoff = new Backoff(this.#environment.random, RETRY_DELAYS);
    const restart = () => (backoff = new Backoff(this.#environment.random, RETRY_DELAYS));
    try {
      while (await this.#read(session, { signal, onEvent: restart })) {
        await pause(this.#environment, { seconds: backoff.next(), signal });
      }
    } catch {
      // Disconnected while waiting; nobody waits for this.
    }
  }

  /**
   * Reads until the stream ends; returns whether it is worth asking again.
   *
   * @param {{ url: string, token: string }} session
   * @param {{ signal: AbortSignal, onEvent: () => void }} options
   */
  async #read({ url, token }, { signal, onEvent }) {
    try {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await this.#environment.fetch(`${url}/events`, { headers, signal });
      // An older server, or a session that has ended.
      if (!response.ok || !response.body) return response.status >= 500;
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return !signal.aborted;
        const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
        text = blocks.pop() ?? '';
        for (const data of blocks.map(dataOfSpeakers)) {
          if (!data) continue;
          onEvent();
          this.#update(data);
        }
      }
    } catch {
      return !signal.aborted;
    }
  }

  /**
   * Tells the page what is new. It may close the session on hearing of one peer: those that it has
   * not heard of by then end no speech.
   *
   * @param {SpeakersData} data
   */
  #update({ speaking, dominant: leader }) {
    for (const peerId of this.#speaking.keys()) {
      if (speaking.some(({ peer_id: speaker }) => speaker === peerId)) continue;
      this.#speaking.delete(peerId);
      this.#emit('speaking', { peerId, speaking: false, audioLevel: 0, dominant: false });
    }
    for (const { peer_id: peerId, audio_level: audioLevel } of speaking) {
      const dominant = peerId === leader;
      if (this.#speaking.get(peerId) === dominant) continue;
      this.#speaking.set(peerId, dominant);
      this.#emit('speaking', { peerId, speaking: true, audioLevel, dominant });
    }
  }
}

/**
 * @typedef {object} SpeakersData
 * @property {{ peer_id: string, audio_level: number }[]} speaking
 * @property {string | null} dominant
 */

/**
 * The data of a `speakers` event; of anything else, such as a heartbeat, undefined.
 *
 * @param {string} block
 * @returns {SpeakersData | undefined}
 */
function dataOfSpeakers(block) {
  const lines = block.split('\n');
  if (!lines.includes('event: speakers')) return undefined;
  const data = lines.find((line) => line.startsWith('data: '));
  return data && JSON.parse(data.slice('data: '.length));
}
