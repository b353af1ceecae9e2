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
  const body = await exchange(environment, `${server}/sfu/${endpoint}`, {
    method: 'POST',
    token,
    offer: { sdp, type: 'offer', previous_session_id: previousSessionId },
    signal,
  });
  const url = `${server}/sfu/sessions/${encodeURIComponent(body.session_id)}`;
  return { sdp: body.sdp, sessionId: body.session_id, url };
}

/**
 * Restarts the ICE of a session and returns the answer's SDP.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string, sdp: string, signal: AbortSignal }} session
 * @returns {Promise<string>}
 */
export async function patchOffer(environment, { url, token, sdp, signal }) {
  const offer = { sdp, type: 'offer' };
  return (await exchange(environment, url, { method: 'PATCH', token, offer, signal })).sdp;
}

/**
 * Says what a session has use for.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string, change: import('./preference.js').Change, signal: AbortSignal }}
 *   session
 */
export async function patchSession(environment, { url, token, change, signal }) {
  const response = await request(environment, url, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(change),
    signal,
  });
  if (!response.ok) throw errorFromResponse(response, null);
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
 * @param {{ method: string, token: string, offer: object, signal: AbortSignal }} request
 * @returns {Promise<{ sdp: string, session_id: string }>}
 */
async function exchange(environment, url, { method, token, offer, signal }) {
  const response = await request(environment, url, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(offer),
    signal,
  });
  const body = await response.json().catch((cause) => {
    // What is no JSON has arrived nevertheless: a page of a proxy in front of the server.
    if (cause instanceof SyntaxError) return null;
    throw networkError(`The answer of ${new URL(url).origin} was cut off`, { signal, cause });
  });
  if (!response.ok) throw errorFromResponse(response, body);
  if (typeof body?.sdp !== 'string' || typeof body.session_id !== 'string') {
    throw new LiveRelayError('The answer is not one of a LiveRelay server', {
      code: 'SERVER_ERROR',
      httpStatus: response.status,
    });
  }
  return body;
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
    throw networkError(`Could not reach ${new URL(url).origin}`, { signal: init.signal, cause });
  }
}

/**
 * What a request ends with that did not get its answer: the signal's reason, if that gave it up.
 *
 * @param {string} message
 * @param {{ signal: AbortSignal, cause: unknown }} circumstances
 */
function networkError(message, { signal, cause }) {
  return signal.aborted ? signal.reason : new LiveRelayError(message, { code: 'NETWORK_ERROR', cause });
}
