"""H.264 payload structures (RFC 6184): single NAL units, STAP-A and FU-A."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.parameter_sets import h264_frame_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.payload.descriptor import FrameSizes

# With their partitions; the last is of an IDR picture.
_SLICES = range(1, 6)
_IDR_SLICE = 5
_SEQUENCE_PARAMETER_SET = 7
_STAP_A = 24
_FU_A = 28
# The top bit of a slice header is the one-bit code for first_mb_in_slice = 0.
_FIRST_MACROBLOCK = 0x80
_FU_START = 0x80


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether a decoder can start with `payload`.

    That is the sequence parameter set sent before an IDR picture, or the picture's own first slice
    where the parameter sets came with the SDP. Before any other picture, as where they are repeated
    for every few pictures, or these are refreshed bit by bit, browsers do not begin.
    """
    if len(payload) < 2:
        return False
    nal_type = payload[0] & 0x1F
    if nal_type == _STAP_A:
        units = [unit for unit in _aggregated_units(payload) if len(unit) > 1]
        slices = [unit for unit in units if unit[0] & 0x1F in _SLICES]
        return any(_starts_picture(unit[0] & 0x1F, unit[1]) for unit in slices or units)
    if nal_type == _FU_A:
        return (
            payload[1] & (_FU_START | 0x1F) == _FU_START | _IDR_SLICE
            and len(payload) > 2
            and payload[2] >= _FIRST_MACROBLOCK
        )
    return _starts_picture(nal_type, payload[1])


def frame_sizes(payload: bytes | memoryview) -> FrameSizes:
    """Return the size in the sequence parameter set that is in this packet; nothing without one.

    One that needs two packets is none that a WebRTC client sends.
    """
    is_aggregate = len(payload) > 0 and payload[0] & 0x1F == _STAP_A
    for unit in _aggregated_units(payload) if is_aggregate else (payload,):
        if len(unit) > 0 and unit[0] & 0x1F == _SEQUENCE_PARAMETER_SET:
            with contextlib.suppress(MalformedPacketError):
                return (h264_frame_size(unit),)
            break
    return ()


def _aggregated_units(payload: bytes | memoryview) -> Iterator[bytes | memoryview]:
    offset = 1
    while offset + 2 < len(payload):
        end = offset + 2 + (payload[offset] << 8 | payload[offset + 1])
        yield payload[offset + 2 : end]
        offset = end


def _starts_picture(nal_type: int, second_byte: int) -> bool:
    if nal_type == _IDR_SLICE:
        return second_byte >= _FIRST_MACROBLOCK
    return nal_type == _SEQUENCE_PARAMETER_SET
