/** The entry of `liverelay.js`, for pages that use a plain `<script>`: two globals. */
export {};
