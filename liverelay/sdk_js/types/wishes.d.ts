/** Telling the server what a session has use for: one request at a time, the latest wish last. */
import type { Environment } from './environment.js';
import type { Change } from './preference.js';
export declare class Wishes {
    #private;
    /**
     * @param {Environment} environment
     * @param {{ url: string, token: string, signal: AbortSignal }} session Nothing is told any more
     *   once `signal` is aborted.
     */
    constructor(environment: Environment, { signal, ...session }: {
        url: string;
        token: string;
        signal: AbortSignal;
    });
    /**
     * Returns at once. A change that is lost is told once more, then with the next one.
     *
     * @param {Change} change
     */
    tell(change: Change): void;
}
