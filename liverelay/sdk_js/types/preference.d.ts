/**
 * What a viewer's page has use for: the quality it asks for, and how large it shows the picture.
 *
 * The server need not send more than is seen. A size is told when it has stopped changing, and one
 * of zero only of an element that has been seen before: an element outside of the page, whose
 * picture is drawn elsewhere, has none either. An element that takes its size from its picture says
 * nothing, or it would stay as small as its first picture for ever.
 */
import type { Environment } from './environment.js';
export type Quality = 'low' | 'medium' | 'high' | 'auto';
export type Change = {
    quality?: Quality;
    width?: number | null;
    height?: number | null;
};
export declare class Preference {
    #private;
    /**
     * @param {Environment} environment
     * @param {HTMLMediaElement} element
     * @param {(change: Change) => void} tell Called while connected.
     */
    constructor(environment: Environment, element: HTMLMediaElement, tell: (change: Change) => void);
    get quality(): Quality;
    /**
     * @param {Quality} quality
     */
    setQuality(quality: Quality): void;
    /**
     * @param {import('./session.js').SessionState} state
     */
    follow(state: import('./session.js').SessionState): void;
}
