"""Serial-number arithmetic for the wrapping counters of RTP.

Sequence numbers wrap every 65536 packets: about a minute of busy video. Comparing two of them with
``<`` is therefore always a bug. Unwrap each number once, where the packet enters the server, and
let everything behind that point use plain integers.
"""

from __future__ import annotations


class _SerialUnwrapper:
    """Turns serial numbers of a fixed width into integers that never wrap.

    The first number seen starts one cycle up. Each later one is taken to be the value nearest to
    the highest so far, so reordering of up to half the number space is resolved correctly.
    """

    __slots__ = ("_half", "_highest", "_mask")

    def __init__(self, bits: int) -> None:
        self._mask = (1 << bits) - 1
        self._half = 1 << (bits - 1)
        self._highest: int | None = None

    def unwrap(self, number: int) -> int:
        """Return the extended number; never negative, even for reordering at start-up."""
        highest = self._highest
        if highest is None:
            # One spare cycle, so that a packet older than the first one stays above zero.
            self._highest = number + self._mask + 1
            return self._highest
        distance = ((number - highest + self._half) & self._mask) - self._half
        if distance > 0:
            self._highest = highest + distance
        return highest + distance


class SequenceUnwrapper(_SerialUnwrapper):
    """Unwraps the 16-bit sequence numbers of RTP, and of transport-wide congestion control."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(bits=16)


class TimestampUnwrapper(_SerialUnwrapper):
    """Unwraps the 32-bit timestamps of RTP: about 13 hours of a 90 kHz clock to a cycle."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(bits=32)
