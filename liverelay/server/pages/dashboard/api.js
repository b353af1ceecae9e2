/** Requests to the server with the API key, and its refusals in plain words. */

import { SERVER } from '../shared/page.js';

const STORED = 'liverelay-key';
const KEY_ID_LENGTH = 8;
const WHOLE_KEY = /^lr_[0-9a-f]{32}$/;

/** Seconds; whoever pressed a button would rather be told than wait for longer. */
const PATIENCE = 20;

/** The API key: for this tab only, gone when it is closed, and never in an address. */
export const apiKey = {
  get value() {
    return sessionStorage.getItem(STORED) ?? '';
  },
  set value(key) {
    if (key) sessionStorage.setItem(STORED, key);
    else sessionStorage.removeItem(STORED);
  },
  /** Its name in lists; no secret. */
  get keyId() {
    return this.value.slice(0, KEY_ID_LENGTH);
  },
};

/** What the server refused, or that it could not be asked. */
export class RequestError extends Error {
  /**
   * @param {string} code The server's own, or `unreachable`, or `key_malformed`.
   * @param {string} message
   * @param {number} [retryAfter] Seconds to wait before asking again.
   */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /**
   * Whether the key is good for nothing any more. A right one is never `rate_limited`, however many
   * wrong ones came from the same address (docs/adr/003).
   */
  get isKeyRefused() {
    return ['api_key_invalid', 'auth_header_missing', 'rate_limited'].includes(this.code);
  }

  /** @returns {import('../shared/words.js').Message} */
  get words() {
    const [title, text] = WORDS[this.code] ?? [
      'That did not work',
      `The server said: ${this.message}`,
    ];
    return { title, text };
  }
}

/** @type {Record<string, [string, string]>} */
const WORDS = {
  unreachable: ['The server cannot be reached', 'Is it running? Check, then try again.'],
  key_malformed: [
    'This is not a whole API key',
    'A key is lr_ and 32 characters, 0 to 9 and a to f. Lists have its beginning only: the whole ' +
      'is shown once, when it is made.',
  ],
  api_key_invalid: [
    'The server does not know this API key',
    'It was revoked, or is one of another server. Use another, or make one on its machine.',
  ],
  rate_limited: [
    'The server does not know this API key',
    'Too many wrong ones came from your network. The right one works at once.',
  ],
  room_not_found: ['This room is gone', 'Somebody else has deleted it.'],
  not_found: ['That is gone already', 'Somebody else was faster, or it ended by itself.'],
  unavailable: [
    'The server is busy',
    'It is shutting down, or has reached one of its limits. Try again soon.',
  ],
};

/**
 * The answer's body; null where it has none.
 *
 * @param {string} method
 * @param {string} path Such as `v1/rooms`.
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function request(method, path, body) {
  const options = { ...(body && { body: JSON.stringify(body) }), signal: patience() };
  const response = await open(method, path, options);
  if (response.status === 204) return null;
  return response.json().catch(() => {
    throw unreachable();
  });
}

/**
 * Asks the server whether it knows an API key.
 *
 * @param {string} key
 */
export async function checkKey(key) {
  if (!WHOLE_KEY.test(key)) throw new RequestError('key_malformed', 'The API key is malformed');
  await open('GET', 'v1/keys', { signal: patience() }, key);
}

/**
 * An answer that was not refused, to be read as it comes.
 *
 * @param {string} method
 * @param {string} path
 * @param {RequestInit} [options]
 * @param {string} [key]
 */
export async function open(method, path, options = {}, key = apiKey.value) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  let response;
  try {
    response = await fetch(new URL(path, SERVER), { ...options, method, headers });
  } catch {
    throw unreachable();
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new RequestError(
    answer.error ?? `status_${response.status}`,
    answer.message ?? `Status ${response.status}`,
    // A proxy may send a date instead.
    Number(response.headers.get('Retry-After')) || 0,
  );
}

function patience() {
  return AbortSignal.timeout(PATIENCE * 1000);
}

function unreachable() {
  return new RequestError('unreachable', 'The server cannot be reached');
}
