"""The packets of one inbound stream, kept for a while in case a viewer asks for them again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from liverelay.sfu.replay import WINDOW_PACKETS

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.payload.descriptor import PictureDescriptor
    from liverelay.sdp.parameters import Codec

# More than any viewer's jitter buffer waits for; a 4 Mbit/s video reaches the packet bound first.
_MAX_AGE = 3.0
# All packets of the window at the size that fits an Ethernet frame. Datagrams can be 40 times that.
_MAX_SIZE = 1_500_000


class InboundPacket(NamedTuple):
    """One packet from a publisher, in the clear, and what forwarding needs to know of it.

    `is_keyframe`: a viewer can start here. True for every packet of audio. `descriptor` is what it
    says of its picture; None where nothing is said, or nobody needs it.
    """

    extended_sequence_number: int
    packet: bytes
    header: RtpHeader
    codec: Codec
    is_keyframe: bool
    received_at: float
    descriptor: PictureDescriptor | None


class PacketHistory:
    """The latest packets, bounded in number, bytes and age, each kept once for all viewers.

    They are plain: encrypted copies would differ for each viewer.
    """

    __slots__ = ("_order", "_packets", "_size")

    def __init__(self) -> None:
        self._packets: dict[int, InboundPacket] = {}
        self._order: deque[int] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: InboundPacket) -> None:
        """Keep `packet`, whose number must be new, and let go of what is too old."""
        packets, order = self._packets, self._order
        packets[packet.extended_sequence_number] = packet
        order.append(packet.extended_sequence_number)
        self._size += len(packet.packet)
        oldest_useful = packet.received_at - _MAX_AGE
        while (
            len(order) > WINDOW_PACKETS
            or packets[order[0]].received_at < oldest_useful
            or self._size > _MAX_SIZE
        ):
            self._size -= len(packets.pop(order.popleft()).packet)

    def after(self, extended_sequence_number: int) -> list[InboundPacket]:
        """Return all packets with higher numbers, in order; it looks at each that it has."""
        packets = self._packets
        return [packets[each] for each in sorted(packets) if each > extended_sequence_number]

    def find(self, extended_sequence_number: int) -> InboundPacket | None:
        return self._packets.get(extended_sequence_number)
