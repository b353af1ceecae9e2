/** The public names of `@liverelay/sdk`. */

export { LiveRelay } from './liverelay.js';
export { LiveRelayError } from './errors.js';
export { CallSession } from './call_session.js';
export { PublishSession } from './publish_session.js';
export { SubscribeSession } from './subscribe_session.js';

/** @typedef {import('./errors.js').LiveRelayErrorCode} LiveRelayErrorCode */
/** @typedef {import('./liverelay.js').LiveRelayOptions} LiveRelayOptions */
/** @typedef {import('./options.js').CallOptions} CallOptions */
/** @typedef {import('./options.js').PublishOptions} PublishOptions */
/** @typedef {import('./options.js').SubscribeOptions} SubscribeOptions */
/** @typedef {import('./preference.js').Quality} Quality */
/** @typedef {import('./session.js').SessionEvents} SessionEvents */
/** @typedef {import('./session.js').SessionState} SessionState */
/** @typedef {import('./stats.js').SessionStats} SessionStats */
/** @typedef {import('./stats.js').TrackStats} TrackStats */
