/** The entry of `liverelay.js`, for pages that use a plain `<script>`: two globals. */

import { LiveRelay, LiveRelayError } from './index.js';

Object.assign(globalThis, { LiveRelay, LiveRelayError });
