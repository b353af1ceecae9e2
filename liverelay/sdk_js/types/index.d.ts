/** The public names of `@liverelay/sdk`. */
export { LiveRelay } from './liverelay.js';
export { LiveRelayError } from './errors.js';
export { CallSession } from './call_session.js';
export { PublishSession } from './publish_session.js';
export { SubscribeSession } from './subscribe_session.js';
export type LiveRelayErrorCode = import('./errors.js').LiveRelayErrorCode;
export type LiveRelayOptions = import('./liverelay.js').LiveRelayOptions;
export type CallOptions = import('./options.js').CallOptions;
export type PublishOptions = import('./options.js').PublishOptions;
export type SubscribeOptions = import('./options.js').SubscribeOptions;
export type Quality = import('./preference.js').Quality;
export type SessionEvents = import('./session.js').SessionEvents;
export type SessionState = import('./session.js').SessionState;
export type SessionStats = import('./stats.js').SessionStats;
export type TrackStats = import('./stats.js').TrackStats;
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
