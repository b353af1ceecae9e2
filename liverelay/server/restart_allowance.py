"""How often one session may restart ICE."""

from __future__ import annotations

import math

# A phone on a train changes its network every few seconds, and so never runs out of these.
MAX_RESTARTS = 10

# One comes back after a tenth of it.
_PERIOD = 60.0


class RestartAllowance:
    """So many at once, and as many a minute for as long as the session lives.

    It is kept as the time at which all of it will be there again, in the caller's monotonic
    seconds: one number for each session, however often it restarts.
    """

    __slots__ = ("_whole_at",)

    def __init__(self) -> None:
        self._whole_at = 0.0

    def take(self, now: float) -> int | None:
        """Take one and return None, or the whole seconds until there is one."""
        whole_at = max(self._whole_at, now) + _PERIOD / MAX_RESTARTS
        if (wait := whole_at - now - _PERIOD) > 0:
            return math.ceil(wait)
        self._whole_at = whole_at
        return None
