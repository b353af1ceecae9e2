"""The RTP header (RFC 3550 section 5.1), read where it lies.

A forwarded packet is never taken apart and put together again: that is slow, and it loses what the
parser does not know. So this module reads offsets and numbers, and its writers change single
fields in place; everything else stays byte for byte.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from liverelay.errors import MalformedPacketError
from liverelay.rtp.types import PayloadType, Ssrc

FIXED_HEADER_SIZE = 12

_FIXED_HEADER = struct.Struct("!BBHII")
_EXTENSION_HEADER = struct.Struct("!HH")


class RtpHeader(NamedTuple):
    """Where things are in one packet; a tuple, because one is made for every packet received.

    `extension_offset` and `extension_length` bound the elements, past the four bytes of profile
    and length; all three extension fields are 0 where there is no extension. `payload_end` lies
    before any padding.
    """

    marker: bool
    payload_type: PayloadType
    sequence_number: int
    rtp_timestamp: int
    ssrc: Ssrc
    extension_profile: int
    extension_offset: int
    extension_length: int
    payload_offset: int
    payload_end: int


def parse_header(packet: bytes | bytearray | memoryview) -> RtpHeader:
    """Read the header of `packet` and find its payload.

    Raises:
        MalformedPacketError: `packet` is not RTP version 2, or its lengths contradict each other.
    """
    size = len(packet)
    if size < FIXED_HEADER_SIZE:
        raise MalformedPacketError("RTP packet is shorter than its fixed header")
    flags, second_byte, sequence_number, rtp_timestamp, ssrc = _FIXED_HEADER.unpack_from(packet)
    if flags >> 6 != 2:
        raise MalformedPacketError("RTP version is not 2")
    offset = FIXED_HEADER_SIZE + 4 * (flags & 0x0F)
    profile = extension_offset = extension_length = 0
    if flags & 0x10:
        if offset + 4 > size:
            raise MalformedPacketError("RTP packet ends inside its extension header")
        profile, words = _EXTENSION_HEADER.unpack_from(packet, offset)
        extension_offset, extension_length = offset + 4, 4 * words
        offset = extension_offset + extension_length
    end = size
    if flags & 0x20:
        if packet[-1] == 0:
            raise MalformedPacketError("RTP padding does not count itself")
        end -= packet[-1]
    if offset > end:
        raise MalformedPacketError("RTP header, extension and padding exceed the packet")
    return RtpHeader(
        second_byte >= 128,
        PayloadType(second_byte & 0x7F),
        sequence_number,
        rtp_timestamp,
        Ssrc(ssrc),
        profile,
        extension_offset,
        extension_length,
        offset,
        end,
    )


def set_marker(packet: bytearray) -> None:
    """Set the marker bit."""
    packet[1] |= 0x80


def write_payload_type(packet: bytearray, payload_type: PayloadType) -> None:
    """Replace the payload type; the marker bit beside it stays."""
    packet[1] = packet[1] & 0x80 | payload_type
