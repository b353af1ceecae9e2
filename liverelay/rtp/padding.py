"""RTP packets of nothing but padding, which fill a path and mean nothing to whoever gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.packet import FIXED_HEADER_SIZE

if TYPE_CHECKING:
    from liverelay.rtp.types import PayloadType

# The last octet counts the others and itself (RFC 3550 section 5.1).
PADDING_SIZE = 255

_VERSION_AND_PADDING_BIT = 0xA0


def padding_packet(payload_type: PayloadType) -> bytearray:
    """Return the longest there is; its numbers and SSRC are the caller's to fill in."""
    packet = bytearray(FIXED_HEADER_SIZE + PADDING_SIZE)
    packet[0] = _VERSION_AND_PADDING_BIT
    packet[1] = payload_type
    packet[-1] = PADDING_SIZE
    return packet
