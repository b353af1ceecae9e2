"""Seeing each packet once."""

from __future__ import annotations

# The same as the replay window of SRTP and the packets kept in history: what is older than that
# can neither be told from a repetition nor be of use.
WINDOW_PACKETS = 1024

_MASK = (1 << WINDOW_PACKETS) - 1


class ReplayWindow:
    """Remembers which of the latest `WINDOW_PACKETS` extended sequence numbers were seen.

    SRTP refuses repetitions too, but on the stream they came in on: a retransmission comes in on
    another one. Sending one sequence number twice with different content would break the
    encryption towards the viewers.
    """

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen = 0

    def accepts(self, extended_sequence_number: int) -> bool:
        """Return whether this number is new, and remember it."""
        advance = extended_sequence_number - self._highest
        if advance > 0:
            self._highest = extended_sequence_number
            self._seen = (self._seen << min(advance, WINDOW_PACKETS) | 1) & _MASK
            return True
        bit = 1 << -advance
        if bit > _MASK or self._seen & bit:
            return False
        self._seen |= bit
        return True
