/** Watching what a room's publisher sends. */
import { Session } from './session.js';
/** What `LiveRelay.subscribe` resolves to. */
export declare class SubscribeSession extends Session {
    #private;
    /** What is received; another object after each reconnection. */
    get remoteStream(): MediaStream | undefined;
}
