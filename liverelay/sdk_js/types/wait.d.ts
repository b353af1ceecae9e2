/** Waiting that can be given up: for a time, for a promise, with a deadline. */
import type { Environment } from './environment.js';
/**
 * `promise`, or a rejection with the signal's reason as soon as it is aborted.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
export declare function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>;
/**
 * Waits `seconds`, or less if the browser reports that it is online again.
 *
 * @param {Environment} environment
 * @param {{ seconds: number, signal: AbortSignal }} options
 * @returns {Promise<void>}
 */
export declare function pause(environment: Environment, { seconds, signal }: {
    seconds: number;
    signal: AbortSignal;
}): Promise<void>;
/**
 * Runs `work` with a signal that is aborted when the outer one is, or with TIMEOUT after `seconds`.
 *
 * @template T
 * @param {Environment} environment
 * @param {{ seconds: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T> }} options
 * @returns {Promise<T>}
 */
export declare function withTimeout<T>(environment: Environment, { seconds, signal, work }: {
    seconds: number;
    signal: AbortSignal;
    work: (signal: AbortSignal) => Promise<T>;
}): Promise<T>;
