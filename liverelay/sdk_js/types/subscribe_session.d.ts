/** Watching what a room's publisher sends. */
import { Session } from './session.js';
/** What `LiveRelay.subscribe` resolves to. */
export declare class SubscribeSession extends Session {
    #private;
    /** What is received; another object after each reconnection. */
    get remoteStream(): MediaStream | undefined;
    /** What `setQuality` was called with last; `'auto'` at first. */
    get quality(): import("./preference.js").Quality;
    /**
     * Limits what is received of a video that is sent in several sizes: to the smallest, the middle
     * one, or not at all. `'auto'` goes by the size of the element. In any case the network may allow
     * less.
     *
     * @param {import('./preference.js').Quality} quality
     */
    setQuality(quality: import('./preference.js').Quality): void;
}
