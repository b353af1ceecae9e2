/** The entrance: one object per server, three ways in. */
import type { CallOptions, PublishOptions, SubscribeOptions } from './options.js';
/** @import { Environment } from './environment.js' */
/** @import { CallOptions, PublishOptions, SubscribeOptions } from './options.js' */
import { CallSession } from './call_session.js';
import { PublishSession } from './publish_session.js';
import { SubscribeSession } from './subscribe_session.js';
export type LiveRelayOptions = {
    /**
     * The server's URL; a path in it is kept.
     */
    server: string | URL;
};
/**
 * @typedef {object} LiveRelayOptions
 * @property {string | URL} server The server's URL; a path in it is kept.
 */
/** A LiveRelay server. Nothing is sent before one of its methods is called. */
export declare class LiveRelay {
    #private;
    /**
     * The version of the SDK.
     *
     * @type {string}
     */
    static VERSION: string;
    /**
     * A server by its URL, which is that of the page if it is relative.
     *
     * @param {string | URL | LiveRelayOptions} server The URL, or an object that has it.
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
