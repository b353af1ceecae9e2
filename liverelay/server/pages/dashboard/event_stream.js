/**
 * The server's events, read by `fetch`: an `EventSource` cannot send the API key in a header, and
 * an address is no place for it.
 */

import { open, RequestError } from './api.js';

/** Seconds between two attempts to connect; the last is kept. */
const DELAYS = [0.25, 0.5, 1, 2, 4];

/** Seconds; whoever asks for more than this, a proxy perhaps, is asked again before. */
const LONGEST_PAUSE = 120;

/** Seconds without a byte after which the connection is lost: the server speaks each second. */
const SILENCE = 15;

/** @typedef {{ type: string, data: any }} ServerEvent */
/** @typedef {'connecting' | 'live' | 'lost'} LinkState */

/**
 * @typedef {object} Listener
 * @property {(event: ServerEvent) => void} onEvent
 * @property {(state: LinkState, refusal: RequestError | null) => void} onState With why there is no
 *   connection, if that was said.
 * @property {() => void} onRefused The key is not valid any more.
 */

/**
 * Follows the events until the signal says so, over restarts of the server and lost networks.
 *
 * @param {string} path
 * @param {Listener} listener
 * @param {AbortSignal} signal
 */
export async function follow(path, listener, signal) {
  listener.onState('connecting', null);
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    let refusal = null;
    try {
      await readOnce(path, signal, (event) => {
        attempt = -1;
        tell(listener, event);
      });
    } catch (error) {
      if (error instanceof RequestError) refusal = error;
    }
    if (signal.aborted) return;
    if (refusal?.isKeyRefused) return listener.onRefused();
    listener.onState('lost', refusal);
    await pause(delay(attempt, refusal), signal);
  }
}

/**
 * @param {number} attempt -1 after a connection.
 * @param {RequestError | null} refusal
 */
function delay(attempt, refusal) {
  const own = DELAYS[Math.min(Math.max(attempt, 0), DELAYS.length - 1)];
  return Math.min(Math.max(own, refusal?.retryAfter ?? 0), LONGEST_PAUSE);
}

/**
 * A mistake in what the page makes of an event is reported as such: the connection is fine.
 *
 * @param {Listener} listener
 * @param {ServerEvent} event
 */
function tell(listener, event) {
  try {
    listener.onState('live', null);
    listener.onEvent(event);
  } catch (error) {
    reportError(error);
  }
}

/**
 * One connection, to its end.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {(event: ServerEvent) => void} onEvent
 */
async function readOnce(path, signal, onEvent) {
  const watchdog = new AbortController();
  const bark = () => watchdog.abort();
  let timer = setTimeout(bark, SILENCE * 1000);
  const onBytes = () => {
    clearTimeout(timer);
    timer = setTimeout(bark, SILENCE * 1000);
  };
  try {
    const response = await open('GET', path, {
      signal: AbortSignal.any([signal, watchdog.signal]),
    });
    for await (const event of parseEvents(readText(response, onBytes))) onEvent(event);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Response} response
 * @param {() => void} onBytes
 */
async function* readText(response, onBytes) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    yield decoder.decode(value, { stream: true });
  }
}

/**
 * Events out of text that comes in pieces of any length (WHATWG HTML, section 9.2.6). An event that
 * the end cuts off is dropped.
 *
 * @param {AsyncIterable<string>} pieces
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* parseEvents(pieces) {
  let rest = '';
  for await (const piece of pieces) {
    const blocks = (rest + piece).replaceAll('\r\n', '\n').split('\n\n');
    rest = /** @type {string} */ (blocks.pop());
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event) yield event;
    }
  }
}

/** @param {string} block */
function parseBlock(block) {
  let type = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  }
  return data.length ? { type, data: JSON.parse(data.join('\n')) } : null;
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal
 */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve(undefined)), {
      once: true,
    });
  });
}
