/** The HTTP requests of a session: the offer that opens it, what is wanted of it, and its end. */

/** @import { Environment } from './environment.js' */

import { errorFromResponse, LiveRelayError } from './errors.js';

/**
 * @typedef {object} Offer
 * @property {string} server
 * @property {'publish' | 'subscribe' | 'call'} endpoint
 * @property {string} token
 * @property {string} sdp
 * @property {string} [previousSessionId] The session that this one takes up again. The server may
 *   know why that one ended, and refuse: without this field, two pages that share one token would
 *   take the place from each other for ever.
 */

/**
 * @typedef {object} Accepted
 * @property {string} sdp
 * @property {string} sessionId
 * @property {string} url Where the session is ended.
 */

/**
 * @param {Environment} environment
 * @param {Offer & { signal: AbortSignal }} offer
 * @returns {Promise<Accepted>}
 */
export async function postOffer(environment, offer) {
  const { server, endpoint, token, sdp, previousSessionId, signal } = offer;
  const response = await request(environment, `${server}/sfu/${endpoint}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ sdp, type: 'offer', previous_session_id: previousSessionId }),
    signal,
  });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw errorFromResponse(response, body);
  if (typeof body?.sdp !== 'string' || typeof body.session_id !== 'string') {
    throw new LiveRelayError('The answer is not one of a LiveRelay server', {
      code: 'SERVER_ERROR',
      httpStatus: response.status,
    });
  }
  const url = `${server}/sfu/sessions/${encodeURIComponent(body.session_id)}`;
  return { sdp: body.sdp, sessionId: body.session_id, url };
}

/**
 * Says what a session has use for. What is lost is said again with the next change or connection.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string, change: import('./preference.js').Change }} session
 */
export function patchSession(environment, { url, token, change }) {
  environment
    .fetch(url, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(change),
    })
    .catch(() => undefined);
}

/**
 * Ends a session. Nobody waits for the outcome: the page may be going away, and a session whose
 * DELETE is lost ends by itself when its media stops.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string }} session
 */
export function deleteSession(environment, { url, token }) {
  environment
    .fetch(url, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` },
      // Lets the request outlive the page that sends it.
      keepalive: true,
    })
    .catch(() => undefined);
}

/**
 * @param {Environment} environment
 * @param {string} url
 * @param {RequestInit & { signal: AbortSignal }} init
 */
async function request(environment, url, init) {
  try {
    return await environment.fetch(url, init);
  } catch (cause) {
    if (init.signal.aborted) throw init.signal.reason;
    const message = `Could not reach ${new URL(url).origin}`;
    throw new LiveRelayError(message, { code: 'NETWORK_ERROR', cause });
  }
}
