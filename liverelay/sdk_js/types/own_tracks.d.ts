/** The tracks that a session opens itself: cameras, microphones, screens. It stops them as well. */
import type { Environment } from './environment.js';
import type { Kind } from './local_media.js';
export declare class OwnTracks {
    #private;
    /**
     * @param {Environment} environment
     */
    constructor(environment: Environment);
    /** Once it is, nothing is opened any more. */
    get isReleased(): boolean;
    /**
     * @param {MediaStreamTrack | undefined} track
     */
    has(track: MediaStreamTrack | undefined): boolean;
    /**
     * @param {MediaStreamConstraints} constraints
     */
    openDevices(constraints: MediaStreamConstraints): Promise<MediaStream>;
    /**
     * @param {Kind} kind
     * @param {MediaTrackConstraints} constraints
     */
    openDevice(kind: Kind, constraints: MediaTrackConstraints): Promise<MediaStreamTrack>;
    /**
     * @param {DisplayMediaStreamOptions} options
     */
    openScreen(options: DisplayMediaStreamOptions): Promise<MediaStreamTrack>;
    /**
     * Stops a track that was opened here, and no other.
     *
     * @param {MediaStreamTrack | undefined} track
     */
    stop(track: MediaStreamTrack | undefined): void;
    release(): void;
}
