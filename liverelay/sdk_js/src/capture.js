/** Opening cameras, microphones and screens, with every refusal turned into MEDIA_ERROR. */

/** @import { Environment } from './environment.js' */

import { LiveRelayError } from './errors.js';

/** @type {Record<string, string>} What the browsers' error names mean to a person. */
const REASONS = {
  NotAllowedError: 'Access to the camera or microphone was denied',
  SecurityError: 'Access to the camera or microphone was denied',
  NotFoundError: 'No camera or microphone was found',
  OverconstrainedError: 'The chosen camera or microphone is not available',
  NotReadableError: 'The camera or microphone is in use by another program',
  AbortError: 'The camera or microphone could not be started',
};

/** Browsers open 640x480 unless they are asked for more. */
const CAMERA_SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

/**
 * @param {Environment} environment
 * @param {MediaStreamConstraints} constraints
 */
export function captureDevices(environment, { video, ...others }) {
  const constraints = { ...others, ...(video !== undefined && { video: withSize(video) }) };
  return capture(environment, (devices) => devices.getUserMedia(constraints));
}

/**
 * @param {boolean | MediaTrackConstraints} video
 */
function withSize(video) {
  if (!video) return video;
  const wishes = video === true ? {} : video;
  const isSized = ['width', 'height', 'aspectRatio', 'advanced'].some((name) => name in wishes);
  return isSized ? wishes : { ...CAMERA_SIZE, ...wishes };
}

/**
 * @param {Environment} environment
 * @param {DisplayMediaStreamOptions} options
 */
export function captureScreen(environment, options) {
  return capture(environment, (devices) => {
    if (!devices.getDisplayMedia) throw mediaError('This browser cannot share the screen');
    return devices.getDisplayMedia(options);
  });
}

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
export function mediaError(message, cause) {
  return new LiveRelayError(message, { code: 'MEDIA_ERROR', cause });
}

/**
 * @param {Environment} environment
 * @param {(devices: MediaDevices) => Promise<MediaStream>} open
 */
async function capture(environment, open) {
  const devices = environment.mediaDevices();
  if (!devices) {
    throw mediaError('Browsers give cameras only to pages served by https, or from localhost');
  }
  try {
    return await open(devices);
  } catch (cause) {
    if (cause instanceof LiveRelayError) throw cause;
    throw mediaError(REASONS[nameOf(cause)] ?? 'The camera or microphone could not be opened', cause);
  }
}

/**
 * The name of a browser's own error.
 *
 * @param {unknown} error
 */
export function nameOf(error) {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
