/**
 * A session: its state, and the loop that connects it and connects it again.
 *
 * `connecting` -> `connected` -> (`connecting` -> `connected`)* -> `disconnected` or `failed`.
 * `disconnected` means that the page closed it, `failed` that anything else ended it; both are
 * final. What is sent and received is the business of `SessionMedia`.
 */
import type { Environment } from './environment.js';
import type { Emit } from './local_media.js';
import type { Speaking } from './speakers.js';
import { LiveRelayError } from './errors.js';
export type SessionState = 'connecting' | 'connected' | 'disconnected' | 'failed';
export type SessionEvents = {
    /**
     * The state has changed.
     */
    statechange: {
        state: SessionState;
    };
    /**
     * Before each
     * wait; `delay` is in seconds.
     */
    reconnecting: {
        error: LiveRelayError;
        attempt: number;
        delay: number;
    };
    /**
     * The session has failed.
     */
    error: {
        error: LiveRelayError;
    };
    /**
     * It is over, by `close()` or by an error; once
     * for each session, and its last event.
     */
    ended: {
        error: LiveRelayError | null;
    };
    /**
     * The browser wants a click before it plays
     * sound: call `element.play()` in its handler.
     */
    playblocked: {
        element: HTMLMediaElement;
    };
    /**
     * What is sent as video now.
     */
    sourcechange: {
        source: 'camera' | 'screen' | 'none';
    };
    /**
     * A peer in the room began or ended to speak, or took the lead.
     */
    speaking: Speaking;
    /**
     * The camera or microphone was unplugged or taken
     * away, or did not open again after a switch that failed.
     */
    trackended: {
        kind: 'audio' | 'video';
    };
};
export type SessionOptions = {
    token: string;
    onStateChange?: (state: SessionState) => void;
    signal?: AbortSignal;
    waitForPublisher?: boolean;
};
export type SessionMedia = {
    endpoint: 'publish' | 'subscribe' | 'call';
    /**
     * Before the first attempt. Once `signal` is
     * aborted, the session has ended and nothing may be begun any more.
     */
    open: (signal: AbortSignal) => Promise<void>;
    /**
     * Before each attempt.
     */
    prepare: (peerConnection: RTCPeerConnection) => void;
    /**
     * After each successful attempt.
     */
    play: () => void;
    release: () => void;
};
export type SessionSetup = {
    server: string;
    environment: Environment;
    options: SessionOptions;
    createMedia: (emit: Emit) => SessionMedia;
};
/** What `publish`, `subscribe` and `call` have in common. */
export declare class Session extends EventTarget {
    #private;
    /** Where the session is; `disconnected` and `failed` are final. */
    get state(): SessionState;
    /** Why the session failed; null while it has not. */
    get error(): LiveRelayError | null;
    /**
     * Ends the session, here and on the server, and stops the tracks that the SDK opened. Nothing
     * happens if it has ended already.
     */
    close(): void;
    /**
     * As of any `EventTarget`; `on` is shorter. The server is asked who speaks once the page listens.
     *
     * @param {string} type
     * @param {EventListenerOrEventListenerObject | null} listener
     * @param {boolean | AddEventListenerOptions} [options]
     * @override
     */
    addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    /**
     * Calls `listener` with each event of this type; what happened is in the event's `detail`.
     *
     * @template {keyof SessionEvents} K
     * @param {K} type
     * @param {(event: CustomEvent<SessionEvents[K]>) => void} listener
     */
    on<K extends keyof SessionEvents>(type: K, listener: (event: CustomEvent<SessionEvents[K]>) => void): this;
    /**
     * Takes back a call of `on`.
     *
     * @template {keyof SessionEvents} K
     * @param {K} type
     * @param {(event: CustomEvent<SessionEvents[K]>) => void} listener
     */
    off<K extends keyof SessionEvents>(type: K, listener: (event: CustomEvent<SessionEvents[K]>) => void): this;
    /** How well it goes: bit rates, losses, picture size, and the browser's own report. */
    stats(): Promise<import("./stats.js").SessionStats>;
}
