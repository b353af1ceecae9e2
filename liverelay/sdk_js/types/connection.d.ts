/**
 * One attempt at a session: a peer connection, the HTTP exchange, and the watch over it.
 *
 * A connection is used once. Coming back after a loss is a new one; `Session` decides on that.
 */
import type { Environment } from './environment.js';
import type { Offer } from './protocol.js';
export type LossReason = 'closed' | 'failed';
/** @typedef {'closed' | 'failed'} LossReason `closed`: the server ended it; `failed`: the network. */
export declare class Connection {
    #private;
    /** @type {Promise<LossReason>} Resolves once, if an established connection is lost. */
    lost: Promise<LossReason>;
    /**
     * @param {Environment} environment
     */
    constructor(environment: Environment);
    get peerConnection(): RTCPeerConnection;
    /** The session on the server, once there is one. */
    get session(): {
        url: string;
        token: string;
    } | undefined;
    get sessionId(): string | undefined;
    /**
     * Resolves when media can flow. The transceivers must have been added.
     *
     * @param {Omit<Offer, 'sdp'> & { signal: AbortSignal }} offer
     */
    open(offer: Omit<Offer, 'sdp'> & {
        signal: AbortSignal;
    }): Promise<void>;
    /**
     * @param {import('./preference.js').Change} change
     */
    change(change: import('./preference.js').Change): void;
    /**
     * @param {{ tellServer: boolean }} options
     */
    close({ tellServer }: {
        tellServer: boolean;
    }): void;
}
