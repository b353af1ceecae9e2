"""The aggregation header of AV1 (RTP Payload Format For AV1, version 1.0, section 4.4).

And the size of pictures in the sequence header that a keyframe begins with.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.bits import BitReader

if TYPE_CHECKING:
    from liverelay.rtp.payload.descriptor import FrameSizes

_CONTINUES_OBU = 0x80
_OBU_COUNT = 0x30
_NEW_SEQUENCE = 0x08
# The header of an OBU (AV1 Bitstream & Decoding Process Specification, section 5.3.2).
_OBU_TYPE = 0x78
_SEQUENCE_HEADER = 0x08
_HAS_EXTENSION = 0x04
_HAS_SIZE = 0x02
# What a stranger can make the server read is to have a bound: 32 operating points need 80 bytes.
_MAX_SEQUENCE_HEADER = 128
_HIGH_LEVEL = 7


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` is the first packet of a new coded video sequence."""
    return bool(payload) and payload[0] & (_CONTINUES_OBU | _NEW_SEQUENCE) == _NEW_SEQUENCE


def frame_sizes(payload: bytes | memoryview) -> FrameSizes:
    """Return the size in the sequence header, which is first in a keyframe; nothing without one.

    Spatial layers below the highest are smaller, by what is said in each of their frames only.
    """
    offset = 1
    with contextlib.suppress(MalformedPacketError, IndexError):
        if payload[0] & _OBU_COUNT != 0x10:  # one OBU needs no length
            offset = _skip_leb128(payload, offset)
        flags = payload[offset]
        offset += 2 if flags & _HAS_EXTENSION else 1
        if flags & _HAS_SIZE:
            offset = _skip_leb128(payload, offset)
        if flags & _OBU_TYPE == _SEQUENCE_HEADER:
            return (_read_size(BitReader(payload[offset : offset + _MAX_SEQUENCE_HEADER])),)
    return ()


def _skip_leb128(payload: bytes | memoryview, offset: int) -> int:
    while payload[offset] & 0x80:
        offset += 1
    return offset + 1


def _read_size(reader: BitReader) -> tuple[int, int]:
    """Read a sequence header (section 5.5.1) up to the size; those with times are not for calls."""
    reader.skip(3 + 1)
    if reader.read(1):  # a still picture, with a shorter header
        reader.skip(5)
    else:
        if reader.read(1):
            raise MalformedPacketError("AV1 sequence header with timing information")
        has_delays = reader.read(1)
        for _ in range(reader.read(5) + 1):
            reader.skip(12)
            if reader.read(5) > _HIGH_LEVEL:
                reader.skip(1)
            if has_delays and reader.read(1):
                reader.skip(4)
    width_bits, height_bits = reader.read(4) + 1, reader.read(4) + 1
    return reader.read(width_bits) + 1, reader.read(height_bits) + 1
