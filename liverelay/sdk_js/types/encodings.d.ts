/** The sizes in which a camera is sent. The server sends each viewer the one that suits it. */
import type { Kind } from './local_media.js';
/**
 * @param {RTCPeerConnection} peerConnection
 * @param {MediaStreamTrack | Kind} source
 * @param {RTCRtpTransceiverInit} init
 */
export declare function addInManySizes(peerConnection: RTCPeerConnection, source: MediaStreamTrack | Kind, init: RTCRtpTransceiverInit): RTCRtpTransceiver;
/**
 * @param {MediaStreamTrack} track
 */
export declare function hasManySizes(track: MediaStreamTrack): boolean;
