/** Sending a camera, a microphone or any other stream to a room. */
/** @import { SessionSetup } from './session.js' */
/** @import { PublishOptions } from './options.js' */
import { SendingSession } from './sending_session.js';
/** What `LiveRelay.publish` resolves to. */
export declare class PublishSession extends SendingSession {
}
