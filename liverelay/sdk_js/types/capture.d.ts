/** Opening cameras, microphones and screens, with every refusal turned into MEDIA_ERROR. */
import type { Environment } from './environment.js';
/** @import { Environment } from './environment.js' */
import { LiveRelayError } from './errors.js';
/**
 * @param {Environment} environment
 * @param {MediaStreamConstraints} constraints
 */
export declare function captureDevices(environment: Environment, { video, ...others }: MediaStreamConstraints): Promise<MediaStream>;
/**
 * @param {Environment} environment
 * @param {DisplayMediaStreamOptions} options
 */
export declare function captureScreen(environment: Environment, options: DisplayMediaStreamOptions): Promise<MediaStream>;
/**
 * @param {string} message
 * @param {unknown} [cause]
 */
export declare function mediaError(message: string, cause?: unknown): LiveRelayError;
/**
 * The name of a browser's own error.
 *
 * @param {unknown} error
 */
export declare function nameOf(error: unknown): string;
