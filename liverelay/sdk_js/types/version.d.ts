/** The version of this package, of the server it was released with, and of `LiveRelay.VERSION`. */
export declare const VERSION = "0.2.0";
