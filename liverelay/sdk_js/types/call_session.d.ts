/** A call between two: sending and receiving on one connection. */
import { SendingSession } from './sending_session.js';
/** What `LiveRelay.call` resolves to. */
export declare class CallSession extends SendingSession {
    #private;
    /** What is received; another object after each reconnection. */
    get remoteStream(): MediaStream | undefined;
}
