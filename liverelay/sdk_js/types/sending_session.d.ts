/** What a session that sends adds to one: mutes, device switching, screen sharing. */
import type { SessionSetup, SessionMedia } from './session.js';
import type { LocalMediaOptions } from './local_media.js';
/** @import { SessionSetup, SessionMedia } from './session.js' */
/** @import { LocalMediaOptions } from './local_media.js' */
import { LocalMedia } from './local_media.js';
import { Session } from './session.js';
export type SendingSetup = Omit<SessionSetup, 'createMedia'> & {
    localOptions: LocalMediaOptions;
    createMedia: (local: LocalMedia, emit: import('./local_media.js').Emit) => SessionMedia;
};
/**
 * @typedef {Omit<SessionSetup, 'createMedia'> & {
 *   localOptions: LocalMediaOptions,
 *   createMedia: (local: LocalMedia, emit: import('./local_media.js').Emit) => SessionMedia,
 * }} SendingSetup
 */
/** What `publish` and `call` have in common. */
export declare class SendingSession extends Session {
    #private;
    /** What is sent, for a preview; the object stays the same when a device is switched. */
    get localStream(): MediaStream | undefined;
    /** Whether silence is sent in place of the microphone. */
    get isAudioMuted(): boolean;
    /** Whether black is sent in place of the camera or screen. */
    get isVideoMuted(): boolean;
    /** Whether the screen is sent in place of the camera. */
    get isScreenShared(): boolean;
    /** Sends silence. The microphone stays open, so that unmuting is instant. */
    muteAudio(): void;
    /** Sends sound again. */
    unmuteAudio(): void;
    /** Sends black. The camera stays open, so that unmuting is instant. */
    muteVideo(): void;
    /** Sends the picture again. */
    unmuteVideo(): void;
    /**
     * Sends from another camera. Viewers notice nothing but the new picture.
     *
     * @param {string | MediaTrackConstraints} camera A `deviceId`, or for example
     *   `{ facingMode: 'environment' }`.
     */
    switchCamera(camera: string | MediaTrackConstraints): Promise<void>;
    /**
     * Sends from another microphone.
     *
     * @param {string | MediaTrackConstraints} microphone A `deviceId`, or constraints.
     */
    switchMicrophone(microphone: string | MediaTrackConstraints): Promise<void>;
    /**
     * Sends the screen, or the window that the user picks, in place of the camera. The camera stays
     * open and comes back when the sharing ends, also when it ends by the browser's own button. The
     * microphone is sent on, and the sound of the screen is not.
     *
     * @param {DisplayMediaStreamOptions} [options] Those of `getDisplayMedia`; `audio` is not looked at.
     */
    startScreenShare(options?: DisplayMediaStreamOptions): Promise<void>;
    /** Brings the camera back. */
    stopScreenShare(): Promise<void>;
}
