"""What every RTCP packet has in common: the four-byte header and its packet types."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

_HEADER = struct.Struct("!BBH")
# The field that holds a report count or a feedback format has five bits.
MAX_COUNT = 31


class PacketType(IntEnum):
    """Values of the packet type field that this server understands."""

    SENDER_REPORT = 200
    RECEIVER_REPORT = 201
    SOURCE_DESCRIPTION = 202
    GOODBYE = 203
    TRANSPORT_FEEDBACK = 205
    PAYLOAD_FEEDBACK = 206


class RtcpHeader(NamedTuple):
    """The fixed header; `size` counts the whole packet in bytes, header included."""

    version: int
    padding: bool
    count_or_format: int
    packet_type: int
    size: int


def read_header(data: bytes, offset: int) -> RtcpHeader:
    """Read the header at `offset`, where at least four bytes must be left."""
    first_byte, packet_type, words = _HEADER.unpack_from(data, offset)
    return RtcpHeader(
        version=first_byte >> 6,
        padding=bool(first_byte & 0x20),
        count_or_format=first_byte & 0x1F,
        packet_type=packet_type,
        size=4 * (words + 1),
    )


def pack(packet_type: int, count_or_format: int, body: bytes) -> bytes:
    """Return one packet without padding; `body` must be a whole number of 32-bit words."""
    return _HEADER.pack(0x80 | count_or_format, packet_type, len(body) // 4) + body
