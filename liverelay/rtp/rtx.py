"""The retransmission payload format (RFC 4588): a packet sent again on a stream of its own.

The payload is the original sequence number and then the original payload. Extensions stay where
they are, padding does not travel.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.types import PayloadType, Ssrc

_FIRST_TWO_BYTES = struct.Struct("!BB")
_ORIGINAL_SEQUENCE_NUMBER = struct.Struct("!H")
_SEQUENCE_NUMBER_OFFSET = 2
_SSRC_OFFSET = 8
_PADDING_BIT = 0x20


def wrap(
    packet: bytes | bytearray, header: RtpHeader, payload_type: PayloadType, original: int
) -> bytearray:
    """Return `packet` as retransmission of sequence number `original`.

    The retransmission stream's own sequence number and SSRC are the caller's to fill in.
    """
    wrapped = bytearray(packet[: header.payload_offset])
    wrapped += _ORIGINAL_SEQUENCE_NUMBER.pack(original)
    wrapped += packet[header.payload_offset : header.payload_end]
    _write_start(wrapped, header, payload_type)
    return wrapped


def original_sequence_number(packet: bytes, header: RtpHeader) -> int | None:
    """Return the number of the packet that `packet` retransmits; None if it carries nothing.

    Senders probe the path with empty retransmissions, so None is no error.
    """
    offset = header.payload_offset
    if offset + _ORIGINAL_SEQUENCE_NUMBER.size >= header.payload_end:
        return None
    return packet[offset] << 8 | packet[offset + 1]


def restore(packet: bytes, header: RtpHeader, payload_type: PayloadType, ssrc: Ssrc) -> bytes:
    """Return the packet that `packet` retransmits, which must carry one."""
    payload_offset = header.payload_offset + _ORIGINAL_SEQUENCE_NUMBER.size
    restored = bytearray(packet[: header.payload_offset])
    restored += packet[payload_offset : header.payload_end]
    restored[_SEQUENCE_NUMBER_OFFSET : _SEQUENCE_NUMBER_OFFSET + 2] = packet[
        header.payload_offset : payload_offset
    ]
    restored[_SSRC_OFFSET : _SSRC_OFFSET + 4] = ssrc.to_bytes(4)
    _write_start(restored, header, payload_type)
    return bytes(restored)


def _write_start(packet: bytearray, header: RtpHeader, payload_type: PayloadType) -> None:
    marker = 0x80 if header.marker else 0
    _FIRST_TWO_BYTES.pack_into(packet, 0, packet[0] & ~_PADDING_BIT, marker | payload_type)
