/** The HTTP requests of a session: the offer that opens it, what is wanted of it, and its end. */
import type { Environment } from './environment.js';
export type Offer = {
    server: string;
    endpoint: 'publish' | 'subscribe' | 'call';
    token: string;
    sdp: string;
    /**
     * The session that this one takes up again. The server may
     * know why that one ended, and refuse: without this field, two pages that share one token would
     * take the place from each other for ever.
     */
    previousSessionId?: string;
};
export type Accepted = {
    sdp: string;
    sessionId: string;
    /**
     * Where the session is ended.
     */
    url: string;
};
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
export declare function postOffer(environment: Environment, offer: Offer & {
    signal: AbortSignal;
}): Promise<Accepted>;
/**
 * Restarts the ICE of a session and returns the answer's SDP.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string, sdp: string, signal: AbortSignal }} session
 * @returns {Promise<string>}
 */
export declare function patchOffer(environment: Environment, { url, token, sdp, signal }: {
    url: string;
    token: string;
    sdp: string;
    signal: AbortSignal;
}): Promise<string>;
/**
 * Says what a session has use for.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string, change: import('./preference.js').Change, signal: AbortSignal }}
 *   session
 */
export declare function patchSession(environment: Environment, { url, token, change, signal }: {
    url: string;
    token: string;
    change: import('./preference.js').Change;
    signal: AbortSignal;
}): Promise<void>;
/**
 * Ends a session. Nobody waits for the outcome: the page may be going away, and a session whose
 * DELETE is lost ends by itself when its media stops.
 *
 * @param {Environment} environment
 * @param {{ url: string, token: string }} session
 */
export declare function deleteSession(environment: Environment, { url, token }: {
    url: string;
    token: string;
}): void;
