"""Deciding when a keyframe request is worth sending upstream."""

from __future__ import annotations

# Long enough for a round trip to the publisher and the frame itself, so that viewers who join in
# one moment share a keyframe; short enough that nobody sees a black screen for longer.
_MIN_INTERVAL = 0.5


class KeyframeThrottle:
    """Merges the keyframe requests of all subscribers of one encoding into few PLIs.

    A PLI costs the publisher a whole intra frame, so a hundred subscribers that join in the same
    second must cause one, not a hundred. A request made inside the quiet period is kept, not
    dropped: the subscriber behind it may have joined after the last keyframe went by.

    Times are seconds on the caller's monotonic clock.
    """

    __slots__ = ("_min_interval", "_next_allowed", "_pending")

    def __init__(self, min_interval: float = _MIN_INTERVAL) -> None:
        self._min_interval = min_interval
        self._next_allowed = 0.0
        self._pending = False

    def request(self, now: float) -> bool:
        """Return whether to send a PLI now; otherwise remember that one is owed."""
        if now < self._next_allowed:
            self._pending = True
            return False
        self._next_allowed = now + self._min_interval
        self._pending = False
        return True

    def on_keyframe(self) -> None:
        """Forget the owed request: the keyframe just received serves every subscriber."""
        self._pending = False

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called, or None if nothing is owed."""
        return self._next_allowed if self._pending else None

    def handle_timeout(self, now: float) -> bool:
        """Return whether the owed PLI is due at `now`."""
        return self._pending and self.request(now)
