/**
 * What is tried when a connection falters: another path for it, and in time another connection.
 *
 * Browsers report `disconnected` after a few seconds without answers. Often that passes by itself;
 * if the device has changed its network it does not, because the sockets are gone, and an ICE
 * restart makes new ones. The server keeps everything else.
 */
import type { Environment } from './environment.js';
export declare class Recovery {
    #private;
    /**
     * @param {Environment} environment
     * @param {{ restart: (signal: AbortSignal) => Promise<void>, giveUp: () => void }} actions
     */
    constructor(environment: Environment, { restart, giveUp }: {
        restart: (signal: AbortSignal) => Promise<void>;
        giveUp: () => void;
    });
    /** The connection is well: now for the first time, or again. */
    onConnected(): void;
    /** The connection has faltered; being told so again changes nothing. */
    onInterrupted(): void;
    end(): void;
}
