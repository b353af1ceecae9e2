/**
 * The one error class of the SDK, and the one table from the server's codes to the SDK's.
 *
 * Wrong arguments are not in here: they are mistakes of the calling code and raise `TypeError`.
 */

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
export class LiveRelayError extends Error {
  /**
   * @param {string} message
   * @param {LiveRelayErrorDetails} details
   */
  constructor(message, { code, httpStatus, serverCode, retryAfter, cause }) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LiveRelayError';
    /** What kind of trouble it is. @readonly */
    this.code = code;
    /** The status of the server's answer, if it answered. @readonly */
    this.httpStatus = httpStatus;
    /** The server's own code, such as `no_publisher_available`, if it sent one. @readonly */
    this.serverCode = serverCode;
    /** Seconds after which the server wants to be asked again, if it said so. @readonly */
    this.retryAfter = retryAfter;
  }
}

/** @type {Map<unknown, LiveRelayErrorCode>} Every server code that is not here is SERVER_ERROR. */
const CODE_OF_SERVER_CODE = new Map([
  ['auth_header_missing', 'AUTH_ERROR'],
  ['token_invalid', 'AUTH_ERROR'],
  ['token_expired', 'AUTH_ERROR'],
  ['role_insufficient', 'AUTH_ERROR'],
  ['room_not_found', 'ROOM_NOT_FOUND'],
  ['room_full', 'ROOM_FULL'],
]);

/**
 * The error that stands for an answer other than 200. `body` may be anything: a proxy in front of
 * the server answers with pages of its own.
 *
 * @param {Response} response
 * @param {any} body
 */
export function errorFromResponse(response, body) {
  const serverCode = typeof body?.error === 'string' ? body.error : undefined;
  const message =
    typeof body?.message === 'string' ? body.message : `The server answered ${response.status}`;
  const retryAfter = Number.parseFloat(response.headers.get('Retry-After') ?? '');
  return new LiveRelayError(message, {
    code: CODE_OF_SERVER_CODE.get(serverCode) ?? 'SERVER_ERROR',
    httpStatus: response.status,
    serverCode,
    retryAfter: retryAfter >= 0 ? retryAfter : undefined,
  });
}

/**
 * Whether the same request may succeed later. A refusal (a bad token, a deleted room, a kick)
 * never does, and asking again would only bother the server.
 *
 * @param {unknown} error
 */
export function isTransient(error) {
  if (!(error instanceof LiveRelayError)) return false;
  if (error.code === 'NETWORK_ERROR' || error.code === 'TIMEOUT') return true;
  return isNoPublisher(error) || error.httpStatus === 429 || (error.httpStatus ?? 0) >= 500;
}

/**
 * @param {unknown} error
 */
export function isNoPublisher(error) {
  return error instanceof LiveRelayError && error.serverCode === 'no_publisher_available';
}
