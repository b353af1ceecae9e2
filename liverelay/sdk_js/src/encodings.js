/** The sizes in which a camera is sent. The server sends each viewer the one that suits it. */

/** @import { Kind } from './local_media.js' */

/**
 * From this size on a picture is worth sending smaller as well; browsers themselves do not send
 * three sizes of less. Lines, of a picture that lies on its side.
 */
const SIMULCAST_FROM = 540;

/**
 * The smallest first: a server that takes only one takes that, and bits go to the first ones first.
 *
 * Frames are left out of the smallest alone, where a network is too slow even for that. Chromium would
 * send all three in layers of frames, and does not wait for a lost frame of which no other is made:
 * with a tenth lost on each way, at both ends, its viewers saw 70 % of the frames, and without
 * layers 95 %.
 *
 * @type {(RTCRtpEncodingParameters & { scalabilityMode?: string })[]}
 */
const ENCODINGS = [
  { rid: 'q', scaleResolutionDownBy: 4, scalabilityMode: 'L1T3' },
  { rid: 'h', scaleResolutionDownBy: 2, scalabilityMode: 'L1T1' },
  { rid: 'f', scaleResolutionDownBy: 1, scalabilityMode: 'L1T1' },
];

/**
 * @param {RTCPeerConnection} peerConnection
 * @param {MediaStreamTrack | Kind} source
 * @param {RTCRtpTransceiverInit} init
 */
export function addInManySizes(peerConnection, source, init) {
  try {
    return peerConnection.addTransceiver(source, { ...init, sendEncodings: ENCODINGS });
  } catch {
    // A browser none of whose codecs has such a mode refuses it (webrtc-svc, section 4.1).
    const sendEncodings = ENCODINGS.map(({ rid, scaleResolutionDownBy }) => ({ rid, scaleResolutionDownBy }));
    return peerConnection.addTransceiver(source, { ...init, sendEncodings });
  }
}

/**
 * @param {MediaStreamTrack} track
 */
export function hasManySizes(track) {
  const { width = 0, height = 0, displaySurface } = track.getSettings();
  // A screen is read, not watched: what is small of it is of no use.
  return !displaySurface && Math.min(width, height) >= SIMULCAST_FROM;
}
