/** Requests to the server with the API key, and its refusals in plain words. */

import { SERVER } from '../shared/page.js';

const STORED = 'liverelay-key';
const KEY_ID_LENGTH = 8;

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
   * @param {string} code The server's own, or `unreachable`.
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  /** Whether the key is good for nothing any more. */
  get isKeyRefused() {
    return this.code === 'api_key_invalid' || this.code === 'auth_header_missing';
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
  api_key_invalid: [
    'The server does not know this API key',
    'A key is lr_ and 32 characters. Copy the whole of it, without spaces.',
  ],
  rate_limited: ['Too many wrong API keys', 'Wait a minute, then try again with the right one.'],
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
  const response = await open(method, path, body ? { body: JSON.stringify(body) } : {});
  return response.status === 204 ? null : response.json();
}

/**
 * An answer that was not refused, to be read as it comes.
 *
 * @param {string} method
 * @param {string} path
 * @param {RequestInit} [options]
 */
export async function open(method, path, options = {}) {
  const headers = { Authorization: `Bearer ${apiKey.value}`, 'Content-Type': 'application/json' };
  let response;
  try {
    response = await fetch(new URL(path, SERVER), { ...options, method, headers });
  } catch {
    throw new RequestError('unreachable', 'The server cannot be reached');
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new RequestError(
    answer.error ?? `status_${response.status}`,
    answer.message ?? `Status ${response.status}`,
  );
}
