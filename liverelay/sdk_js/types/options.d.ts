/**
 * The options of the three methods, and the check that they are there.
 *
 * A wrong option is a mistake of the calling code, so it is a `TypeError` that says what to write,
 * not a `LiveRelayError` that a page would show to its visitors.
 */
export type CommonOptions = {
    /**
     * The token that your backend got from `POST /v1/rooms` or
     * `POST /v1/rooms/{room_id}/token`.
     */
    token: string;
    /**
     * Called with each
     * new state, from the first `'connecting'` on.
     */
    onStateChange?: (state: import('./session.js').SessionState) => void;
    /**
     * Gives up connecting; no effect once connected.
     */
    signal?: AbortSignal;
};
export type SourceOptions = {
    /**
     * Your own stream; its tracks are never stopped by the SDK.
     */
    stream?: MediaStream;
    /**
     * Open a camera (default: false), at 1280x720 if it
     * has that and no other size is asked for.
     */
    video?: boolean | MediaTrackConstraints;
    /**
     * Open a microphone (default: false).
     */
    audio?: boolean | MediaTrackConstraints;
    /**
     * Send a camera of 540 lines or more in three sizes, so that each
     * viewer can be sent the one that suits it (default: true).
     */
    simulcast?: boolean;
};
export type PublishOptions = CommonOptions & SourceOptions;
export type ViewOptions = {
    /**
     * Plays what is received; usually a `<video>`.
     */
    element: HTMLMediaElement;
};
export type WaitOptions = {
    /**
     * Wait while nobody publishes (default: false, which is an
     * error at once).
     */
    waitForPublisher?: boolean;
};
export type SubscribeOptions = CommonOptions & ViewOptions & WaitOptions;
export type PreviewOptions = {
    /**
     * Shows what is sent, muted.
     */
    localElement?: HTMLMediaElement;
};
export type CallOptions = CommonOptions & SourceOptions & ViewOptions & PreviewOptions;
/**
 * @typedef {object} CommonOptions
 * @property {string} token The token that your backend got from `POST /v1/rooms` or
 *   `POST /v1/rooms/{room_id}/token`.
 * @property {(state: import('./session.js').SessionState) => void} [onStateChange] Called with each
 *   new state, from the first `'connecting'` on.
 * @property {AbortSignal} [signal] Gives up connecting; no effect once connected.
 */
/**
 * @typedef {object} SourceOptions
 * @property {MediaStream} [stream] Your own stream; its tracks are never stopped by the SDK.
 * @property {boolean | MediaTrackConstraints} [video] Open a camera (default: false), at 1280x720 if it
 *   has that and no other size is asked for.
 * @property {boolean | MediaTrackConstraints} [audio] Open a microphone (default: false).
 * @property {boolean} [simulcast] Send a camera of 540 lines or more in three sizes, so that each
 *   viewer can be sent the one that suits it (default: true).
 */
/** @typedef {CommonOptions & SourceOptions} PublishOptions */
/**
 * @typedef {object} ViewOptions
 * @property {HTMLMediaElement} element Plays what is received; usually a `<video>`.
 */
/**
 * @typedef {object} WaitOptions
 * @property {boolean} [waitForPublisher] Wait while nobody publishes (default: false, which is an
 *   error at once).
 */
/** @typedef {CommonOptions & ViewOptions & WaitOptions} SubscribeOptions */
/**
 * @typedef {object} PreviewOptions
 * @property {HTMLMediaElement} [localElement] Shows what is sent, muted.
 */
/** @typedef {CommonOptions & SourceOptions & ViewOptions & PreviewOptions} CallOptions */
/**
 * @template {CommonOptions & Partial<SourceOptions & ViewOptions & PreviewOptions>} T
 * @param {T} options
 * @param {{ method: string, sends: boolean, plays: boolean }} needs
 * @returns {T}
 */
export declare function checkOptions<T extends CommonOptions & Partial<SourceOptions & ViewOptions & PreviewOptions>>(options: T, { method, sends, plays }: {
    method: string;
    sends: boolean;
    plays: boolean;
}): T;
/**
 * The server's address in the form that paths are appended to.
 *
 * @param {unknown} server
 */
export declare function checkServer(server: unknown): string;
