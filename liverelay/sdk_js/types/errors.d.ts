/**
 * The one error class of the SDK, and the one table from the server's codes to the SDK's.
 *
 * Wrong arguments are not in here: they are mistakes of the calling code and raise `TypeError`.
 */
export type LiveRelayErrorCode = 'AUTH_ERROR' | 'NETWORK_ERROR' | 'MEDIA_ERROR' | 'TIMEOUT' | 'SERVER_ERROR' | 'ROOM_NOT_FOUND' | 'ROOM_FULL';
export type LiveRelayErrorDetails = {
    code: LiveRelayErrorCode;
    /**
     * The status of the server's answer, if it answered.
     */
    httpStatus?: number;
    /**
     * The server's own code, such as `no_publisher_available`.
     */
    serverCode?: string;
    /**
     * Seconds after which the server wants to be asked again.
     */
    retryAfter?: number;
    /**
     * The browser's own error, if there was one.
     */
    cause?: unknown;
};
/**
 * @typedef {'AUTH_ERROR' | 'NETWORK_ERROR' | 'MEDIA_ERROR' | 'TIMEOUT' | 'SERVER_ERROR'
 *   | 'ROOM_NOT_FOUND' | 'ROOM_FULL'} LiveRelayErrorCode
 */
/**
 * @typedef {object} LiveRelayErrorDetails
 * @property {LiveRelayErrorCode} code
 * @property {number} [httpStatus] The status of the server's answer, if it answered.
 * @property {string} [serverCode] The server's own code, such as `no_publisher_available`.
 * @property {number} [retryAfter] Seconds after which the server wants to be asked again.
 * @property {unknown} [cause] The browser's own error, if there was one.
 */
/** What went wrong, with a stable `code` to act on and a `message` to show. */
export declare class LiveRelayError extends Error {
    /** What kind of trouble it is. @readonly */
    code: LiveRelayErrorCode;
    /** The status of the server's answer, if it answered. @readonly */
    httpStatus: number | undefined;
    /** The server's own code, such as `no_publisher_available`, if it sent one. @readonly */
    serverCode: string | undefined;
    /** Seconds after which the server wants to be asked again, if it said so. @readonly */
    retryAfter: number | undefined;
    /**
     * @param {string} message
     * @param {LiveRelayErrorDetails} details
     */
    constructor(message: string, { code, httpStatus, serverCode, retryAfter, cause }: LiveRelayErrorDetails);
}
/**
 * The error that stands for an answer other than 200. `body` may be anything: a proxy in front of
 * the server answers with pages of its own.
 *
 * @param {Response} response
 * @param {any} body
 */
export declare function errorFromResponse(response: Response, body: any): LiveRelayError;
/**
 * Whether the same request may succeed later. A refusal (a bad token, a deleted room, a kick)
 * never does, and asking again would only bother the server.
 *
 * @param {unknown} error
 */
export declare function isTransient(error: unknown): boolean;
/**
 * @param {unknown} error
 */
export declare function isNoPublisher(error: unknown): boolean;
