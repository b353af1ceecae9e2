/**
 * Header extensions that browsers know, but do not offer of themselves.
 *
 * Chromium 156 tells the spatial layers of AV1 apart by the dependency descriptor, and offers it
 * only to send them. Where it cannot be asked for, the server sends the lowest of them alone.
 */
export type HeaderExtensionControl = {
    getHeaderExtensionsToNegotiate?: () => {
        uri: string;
        direction: string;
    }[];
    setHeaderExtensionsToNegotiate?: (extensions: {
        uri: string;
        direction: string;
    }[]) => void;
};
/**
 * What TypeScript does not know of a transceiver yet (https://w3c.github.io/webrtc-extensions/).
 *
 * @typedef {object} HeaderExtensionControl
 * @property {() => { uri: string, direction: string }[]} [getHeaderExtensionsToNegotiate]
 * @property {(extensions: { uri: string, direction: string }[]) => void}
 *   [setHeaderExtensionsToNegotiate]
 */
/**
 * Offers to receive the layers of scalable video.
 *
 * @param {RTCRtpTransceiver & HeaderExtensionControl} transceiver
 */
export declare function offerLayers(transceiver: RTCRtpTransceiver & HeaderExtensionControl): void;
