/** How long to wait before asking the server again. */
/**
 * Doubling delays with jitter: without it, everyone who lost the same server would come back in
 * the same instant. Times are seconds.
 */
export declare class Backoff {
    #private;
    /**
     * @param {() => number} random
     * @param {{ first: number, most: number }} bounds The ceiling of the first delay, and of them all.
     */
    constructor(random: () => number, { first, most }: {
        first: number;
        most: number;
    });
    /** How many delays have been taken. */
    get count(): number;
    /**
     * The next delay: between half of its ceiling and all of it, and never less than what the server
     * asked for.
     *
     * @param {number} [retryAfter]
     */
    next(retryAfter?: number): number;
}
