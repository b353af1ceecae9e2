/**
 * Who speaks in the room, as the server tells it: server-sent events, read from a `fetch` because
 * `EventSource` cannot send the token. Nothing is asked for unless the page listens.
 */
import type { Environment } from './environment.js';
import type { Emit } from './local_media.js';
export type Speaking = {
    /**
     * The `sub` of the peer's token.
     */
    peerId: string;
    speaking: boolean;
    /**
     * 0 to 1 when it began; 0 when it ended.
     */
    audioLevel: number;
    /**
     * Whether this is the one to show large.
     */
    dominant: boolean;
};
export declare class SpeakerWatch {
    #private;
    /**
     * @param {Environment} environment
     * @param {Emit} emit
     */
    constructor(environment: Environment, emit: Emit);
    /** Called when the page begins to listen. */
    want(): void;
    /**
     * Called when the session is connected.
     *
     * @param {{ url: string, token: string } | undefined} session
     */
    connect(session: {
        url: string;
        token: string;
    } | undefined): void;
    /** Called when the connection is lost or closed: nobody is heard any more. */
    disconnect(): void;
}
export type SpeakersData = {
    speaking: {
        peer_id: string;
        audio_level: number;
    }[];
    dominant: string | null;
};
