"""What a viewer has lost, by its receiver reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.rtp.rtcp.reports import ReportBlock

_MIN_INTERVAL = 0.9
# A difference beyond this is not progress: the stream began anew, or the report is an invention.
_MAX_EXPECTED = 1 << 16
# After an interruption a viewer reports all that it missed as soon as it gets something again, and
# for a while takes it back, as it is repaired.
_FORGIVEN_TIME = 2.0


class ReportedLoss:
    """The loss of one stream over a second or more.

    Chromium puts a report in front of each NACK, so under loss a report's own fraction is about
    the last few packets, and says anything between nothing and all.
    """

    __slots__ = ("_cumulative_lost", "_forgiven_until", "_highest_sequence", "_taken_at")

    def __init__(self) -> None:
        self._cumulative_lost = self._highest_sequence = 0
        self._taken_at: float | None = None
        self._forgiven_until = -math.inf

    def forgive(self, now: float) -> None:
        """Take no account of what is reported in the next two seconds."""
        self._forgiven_until = now + _FORGIVEN_TIME

    def take(self, block: ReportBlock, now: float) -> float | None:
        """Return the share lost since this last returned one.

        None if that is not long ago, or if it is forgiven.
        """
        is_first = self._taken_at is None
        if self._taken_at is not None and now - self._taken_at < _MIN_INTERVAL:
            return None
        expected = (block.highest_sequence - self._highest_sequence) & 0xFFFFFFFF
        lost = block.cumulative_lost - self._cumulative_lost
        self._cumulative_lost, self._highest_sequence = (
            block.cumulative_lost,
            block.highest_sequence,
        )
        self._taken_at = now
        if now < self._forgiven_until:
            return None
        if is_first:
            return block.fraction_lost / 256
        if not 0 < expected < _MAX_EXPECTED:
            return 0.0
        return min(max(0, lost), expected) / expected
