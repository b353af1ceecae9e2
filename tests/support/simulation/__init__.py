"""A room on simulated networks: a camera, the server's media plane, and viewers like Chromium's."""
