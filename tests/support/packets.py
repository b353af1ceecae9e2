"""Builders of RTP packets, so that a test says only what matters to it."""

from __future__ import annotations

import struct

from liverelay.rtp.types import Ssrc

# The first payload bytes of a VP8 frame: descriptor with the start bit, then the frame header
# whose lowest bit is 0 on a keyframe.
VP8_KEYFRAME = bytes((0x10, 0x00)) + bytes(20)
VP8_DELTA = bytes((0x10, 0x01)) + bytes(20)

ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000


def layered_vp8(temporal_layer: int, flags: int = 0xE0) -> bytes:
    """Return a frame with PictureID, TL0PICIDX and layer; other `flags` deny what is there."""
    return bytes((0x90, flags, 5, 7, temporal_layer << 6, 1))


def one_byte_elements(*elements: tuple[int, bytes]) -> bytes:
    """Return elements in the one-byte form, filled up to a whole word."""
    block = b"".join(bytes((number << 4 | len(value) - 1,)) + value for number, value in elements)
    return block + bytes(-len(block) % 4)


def two_byte_elements(*elements: tuple[int, bytes]) -> bytes:
    """Return elements in the two-byte form, filled up to a whole word."""
    block = b"".join(bytes((number, len(value))) + value for number, value in elements)
    return block + bytes(-len(block) % 4)


def rtp(
    payload: bytes = b"media",
    *,
    payload_type: int = 96,
    sequence_number: int = 1,
    rtp_timestamp: int = 1000,
    ssrc: int = 0x1234,
    marker: bool = False,
    csrcs: tuple[int, ...] = (),
    extension: bytes | None = None,
    profile: int = ONE_BYTE,
    padding: int = 0,
) -> bytes:
    """Return one packet; `extension` is whole words of elements, `padding` counts its own byte."""
    flags = 0x80 | (0x20 if padding else 0) | (0 if extension is None else 0x10) | len(csrcs)
    packet = struct.pack(
        "!BBHII",
        flags,
        (0x80 if marker else 0) | payload_type,
        sequence_number & 0xFFFF,
        rtp_timestamp & 0xFFFFFFFF,
        ssrc,
    )
    packet += b"".join(struct.pack("!I", csrc) for csrc in csrcs)
    if extension is not None:
        packet += struct.pack("!HH", profile, len(extension) // 4) + extension
    packet += payload
    if padding:
        packet += bytes(padding - 1) + bytes((padding,))
    return packet


SENDER = Ssrc(0xAAAA)
MEDIA = Ssrc(0xBBBB)


def parse_numbers(packet: bytes) -> tuple[int, int, int]:
    """Return sequence number, timestamp and SSRC."""
    sequence_number, rtp_timestamp, ssrc = struct.unpack_from("!HII", packet, 2)
    return sequence_number, rtp_timestamp, ssrc
