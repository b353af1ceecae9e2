"""Making one continuous outbound stream of several inbound ones."""

from __future__ import annotations

_SEQUENCE_MASK = 0xFFFF
_TIMESTAMP_MASK = 0xFFFFFFFF

# RFC 3711 section 3.3.1 advises a low first number: if the first packets are lost just before the
# number wraps, a receiver cannot know that it did.
_FIRST_SEQUENCE_NUMBER = 1


class StreamRewriter:
    """The offsets between a feed's numbers and those that one viewer sees.

    Within one feed both offsets are constant, so that loss and reordering pass through unchanged
    and the egress can add them for all viewers at once. Where one feed ends and another begins, the
    sequence number goes on by one and the timestamp by the time that passed, at least by one tick:
    to the viewer it is one stream with a pause.
    """

    __slots__ = ("_ended_at", "_last_sequence_number", "_last_timestamp", "offsets")

    def __init__(self) -> None:
        self.offsets = (0, 0)
        self._last_sequence_number = _FIRST_SEQUENCE_NUMBER - 1
        self._last_timestamp = 0
        self._ended_at: float | None = None

    def end_feed(self, sequence_number: int, rtp_timestamp: int, sent_at: float) -> None:
        """Remember where the feed stopped: its highest numbers, as the publisher has them."""
        sequence_offset, timestamp_offset = self.offsets
        self._last_sequence_number = sequence_number + sequence_offset
        self._last_timestamp = rtp_timestamp + timestamp_offset
        self._ended_at = sent_at

    def begin_feed(
        self, sequence_number: int, rtp_timestamp: int, now: float, clock_rate: int
    ) -> None:
        """Choose the offsets so that the feed's first packet follows the last one sent."""
        sequence_offset = self._last_sequence_number + 1 - sequence_number
        timestamp_offset = 0
        if self._ended_at is not None:
            advance = max(1, round((now - self._ended_at) * clock_rate))
            timestamp_offset = self._last_timestamp + advance - rtp_timestamp
        self.offsets = (sequence_offset & _SEQUENCE_MASK, timestamp_offset & _TIMESTAMP_MASK)

    def continue_feed(self, sequence_number: int) -> None:
        """Go on with the same feed under other sequence numbers; its clock stays as it is."""
        sequence_offset = self._last_sequence_number + 1 - sequence_number
        self.offsets = (sequence_offset & _SEQUENCE_MASK, self.offsets[1])
