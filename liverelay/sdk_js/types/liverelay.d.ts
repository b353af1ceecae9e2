/** The entrance: one object per server, three ways in. */
import type { CallOptions, PublishOptions, SubscribeOptions } from './options.js';
/** @import { Environment } from './environment.js' */
/** @import { CallOptions, PublishOptions, SubscribeOptions } from './options.js' */
import { CallSession } from './call_session.js';
import { PublishSession } from './publish_session.js';
import { SubscribeSession } from './subscribe_session.js';
export type LiveRelayOptions = {
    server: string | URL;
};
/**
 * @typedef {object} LiveRelayOptions
 * @property {string | URL} server
 */
/** A LiveRelay server. Nothing is sent before one of its methods is called. */
export declare class LiveRelay {
    #private;
    /** @type {string} */
    static VERSION: string;
    /**
     * @param {string | URL | LiveRelayOptions} server
     */
    constructor(server: string | URL | LiveRelayOptions);
    /**
     * Sends a stream, or a camera and microphone, to the token's room. Resolves when connected.
     *
     * @param {PublishOptions} options
     * @returns {Promise<PublishSession>}
     */
    publish(options: PublishOptions): Promise<PublishSession>;
    /**
     * Plays what the token's room publishes. Resolves when connected.
     *
     * @param {SubscribeOptions} options
     * @returns {Promise<SubscribeSession>}
     */
    subscribe(options: SubscribeOptions): Promise<SubscribeSession>;
    /**
     * Sends to and plays the other side of the token's room. Resolves when connected to the server;
     * the other side may come later.
     *
     * @param {CallOptions} options
     * @returns {Promise<CallSession>}
     */
    call(options: CallOptions): Promise<CallSession>;
}
