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
    that, and `octets` the sum of them. `runs` are the messages that they fit into. The numbers are
    those of the templates, without any recipient's offset.
    """

    __slots__ = (
        "ends",
        "octets",
        "packets",
        "rtp_timestamps",
        "runs",
        "sequence_numbers",
        "sizes",
    )

    def __init__(self, templates: Sequence[Template], *, has_segmentation: bool) -> None:
        packets = [template.packet for template in templates]
        sizes = [len(packet) for packet in packets]
        longest = max(sizes)
        joined = b"".join([packet.ljust(longest, b"\0") for packet in packets])
        self.packets: npt.NDArray[np.uint8] = np.ndarray((len(packets), longest), np.uint8, joined)
        self.sizes = np.array(sizes, np.intc)
        self.octets = sum(sizes)
        self.runs = list(_runs(sizes, _MAX_RUN if has_segmentation else 1))
        self.ends = tuple(run.end for run in self.runs)
        self.sequence_numbers = np.array([t.sequence_number for t in templates], np.uint16)
        self.rtp_timestamps = np.array([t.rtp_timestamp for t in templates], np.uint32)

    def __len__(self) -> int:
        return len(self.sizes)


def _runs(sizes: Sequence[int], longest: int) -> Iterator[Run]:
    """Yield runs of equal size; the last packet of one may be shorter."""
    first = 0
    for i in range(1, len(sizes) + 1):
        if i < len(sizes) and i - first < longest and sizes[i - 1] == sizes[first] >= sizes[i]:
            continue
        yield Run(first, i, sizes[first])
        first = i
