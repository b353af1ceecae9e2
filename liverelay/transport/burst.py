"""A burst as the egress needs it: what its copies have in common, worked out once for all of them.

The copies are made in rounds, and what a round has to work out is paid for by few packets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from liverelay.transport import kernel
from liverelay.transport.srtp_calls import MAX_PACKET_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from liverelay.sfu.commands import Template
    from liverelay.transport.recipients import Recipients

# What differs between the copies of a packet: sequence number, timestamp and SSRC, side by side in
# the fixed header (RFC 3550 section 5.1).
NUMBERING = np.dtype(
    [("sequence_number", ">u2"), ("rtp_timestamp", ">u4"), ("ssrc", ">u4")], align=False
)
NUMBERING_OFFSET = 2

# The most packets in one message: a full-sized segment each, with its trailer.
_MAX_RUN = min(kernel.MAX_SEGMENTS, kernel.MAX_MESSAGE_SIZE // (MAX_PACKET_SIZE + 16))


class Run(NamedTuple):
    """Packets `first` to `end` that go in one message, in segments of `size` plaintext bytes."""

    first: int
    end: int
    size: int


class Burst:
    """The packets that every recipient gets, in order.

    `packets` has a row for each, filled up with zeros to the longest; `sizes` are theirs without
    that, and `octets` the sum of them. `runs` are the messages that they fit into.
    """

    __slots__ = (
        "_rtp_timestamps",
        "_sequence_numbers",
        "ends",
        "octets",
        "packets",
        "runs",
        "sizes",
    )

    def __init__(self, templates: Sequence[Template], *, has_segmentation: bool) -> None:
        packets = [template.packet for template in templates]
        sizes = [len(packet) for packet in packets]
        longest = max(sizes)
        joined = b"".join([packet.ljust(longest, b"\0") for packet in packets])
        self.packets = np.frombuffer(joined, np.uint8).reshape(len(packets), longest)
        self.sizes = np.array(sizes, np.intc)
        self.octets = sum(sizes)
        self.runs = list(_runs(sizes, _MAX_RUN if has_segmentation else 1))
        self.ends = tuple(run.end for run in self.runs)
        self._sequence_numbers = np.array([t.sequence_number for t in templates], np.uint16)
        self._rtp_timestamps = np.array([t.rtp_timestamp for t in templates], np.uint32)

    def __len__(self) -> int:
        return len(self.sizes)

    def number(self, recipients: Recipients) -> npt.NDArray[np.void]:
        """Return the numbering of each recipient's copies: a row for each, a column a packet."""
        numbers = np.empty((len(recipients), len(self)), NUMBERING)
        # Unsigned arrays wrap by themselves, modulo 2^16 and 2^32.
        numbers["sequence_number"] = recipients.sequence_offsets[:, None] + self._sequence_numbers
        numbers["rtp_timestamp"] = recipients.timestamp_offsets[:, None] + self._rtp_timestamps
        numbers["ssrc"] = recipients.ssrcs[:, None]
        # As bytes without a meaning, which are copied five times as fast.
        return numbers.view(f"V{NUMBERING.itemsize}")


def _runs(sizes: Sequence[int], longest: int) -> Iterator[Run]:
    """Yield runs of equal size; the last packet of one may be shorter."""
    first = 0
    for i in range(1, len(sizes) + 1):
        if i < len(sizes) and i - first < longest and sizes[i - 1] == sizes[first] >= sizes[i]:
            continue
        yield Run(first, i, sizes[first])
        first = i
