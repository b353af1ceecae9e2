/** Waiting that can be given up: for a time, for a promise, with a deadline. */

/** @import { Environment } from './environment.js' */

import { LiveRelayError } from './errors.js';

/**
 * `promise`, or a rejection with the signal's reason as soon as it is aborted.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
export function abortable(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Waits `seconds`, or less if the browser reports that it is online again.
 *
 * @param {Environment} environment
 * @param {{ seconds: number, signal: AbortSignal }} options
 * @returns {Promise<void>}
 */
export async function pause(environment, { seconds, signal }) {
  const ended = new AbortController();
  /** @type {Promise<void>} */
  const waited = new Promise((resolve) => {
    const cancel = environment.startTimer(seconds, resolve);
    ended.signal.addEventListener('abort', cancel);
    environment.page.addEventListener('online', () => resolve(), { signal: ended.signal });
  });
  try {
    await abortable(waited, signal);
  } finally {
    ended.abort();
  }
}

/**
 * Runs `work` with a signal that is aborted when the outer one is, or with TIMEOUT after `seconds`.
 *
 * @template T
 * @param {Environment} environment
 * @param {{ seconds: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T> }} options
 * @returns {Promise<T>}
 */
export async function withTimeout(environment, { seconds, signal, work }) {
  const inner = new AbortController();
  const abort = () => inner.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  const cancel = environment.startTimer(seconds, () => {
    const message = `No connection within ${seconds} seconds`;
    inner.abort(new LiveRelayError(message, { code: 'TIMEOUT' }));
  });
  try {
    return await abortable(work(inner.signal), inner.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}
