/** What `/static/liverelay.js` adds to a page. */
import type { LiveRelay as LiveRelayClass } from '../../liverelay/sdk_js/src/liverelay.js';
import type { LiveRelayError as LiveRelayErrorClass } from '../../liverelay/sdk_js/src/errors.js';

declare global {
  var LiveRelay: typeof LiveRelayClass;
  var LiveRelayError: typeof LiveRelayErrorClass;
}
