/** The entrance: one object per server, three ways in. */

/** @import { Environment } from './environment.js' */
/** @import { CallOptions, PublishOptions, SubscribeOptions } from './options.js' */

import { CallSession } from './call_session.js';
import { browserEnvironment } from './environment.js';
import { checkOptions, checkServer } from './options.js';
import { PublishSession } from './publish_session.js';
import { SubscribeSession } from './subscribe_session.js';
import { VERSION } from './version.js';

/**
 * @typedef {object} LiveRelayOptions
 * @property {string | URL} server The server's URL; a path in it is kept.
 */

/** A LiveRelay server. Nothing is sent before one of its methods is called. */
export class LiveRelay {
  /**
   * The version of the SDK.
   *
   * @type {string}
   */
  static VERSION = VERSION;

  #context;

  /**
   * A server by its URL, which is that of the page if it is relative.
   *
   * @param {string | URL | LiveRelayOptions} server The URL, or an object that has it.
   */
  constructor(server) {
    const options = /** @type {LiveRelayOptions & { environment?: Environment }} */ (
      typeof server === 'object' && server && 'server' in server ? server : { server }
    );
    this.#context = {
      server: checkServer(options.server),
      environment: options.environment ?? browserEnvironment,
    };
  }

  /**
   * Sends a stream, or a camera and microphone, to the token's room. Resolves when connected.
   *
   * @param {PublishOptions} options
   * @returns {Promise<PublishSession>}
   */
  async publish(options) {
    checkOptions(options, { method: 'publish', sends: true, plays: false });
    return new PublishSession({ ...this.#context, options }).start();
  }

  /**
   * Plays what the token's room publishes. Resolves when connected.
   *
   * @param {SubscribeOptions} options
   * @returns {Promise<SubscribeSession>}
   */
  async subscribe(options) {
    checkOptions(options, { method: 'subscribe', sends: false, plays: true });
    return new SubscribeSession({ ...this.#context, options }).start();
  }

  /**
   * Sends to and plays the other side of the token's room. Resolves when connected to the server;
   * the other side may come later.
   *
   * @param {CallOptions} options
   * @returns {Promise<CallSession>}
   */
  async call(options) {
    checkOptions(options, { method: 'call', sends: true, plays: true });
    return new CallSession({ ...this.#context, options }).start();
  }
}
