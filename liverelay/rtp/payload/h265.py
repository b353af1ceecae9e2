"""H.265 payload structures (RFC 7798): single NAL units, aggregation packets, fragmentation units.

Aggregation packets with DONL fields need `sprop-max-don-diff` above 0, which no WebRTC client
negotiates.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.parameter_sets import h265_frame_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.payload.descriptor import FrameSizes

_SLICES = range(32)
# Intra random access point pictures: BLA, IDR and CRA.
_RANDOM_ACCESS = range(16, 22)
_PARAMETER_SETS = range(32, 34)
_SEQUENCE_PARAMETER_SET = 33
_AGGREGATION_PACKET = 48
_FRAGMENTATION_UNIT = 49
_FIRST_SLICE_SEGMENT = 0x80
_FU_START = 0x80


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether a decoder can start with `payload`.

    That is the first slice of a random access picture, or a video or sequence parameter set that
    does not come with another picture.
    """
    if len(payload) < 3:
        return False
    nal_type = payload[0] >> 1 & 0x3F
    if nal_type == _AGGREGATION_PACKET:
        units = [unit for unit in _aggregated_units(payload) if len(unit) > 2]
        slices = [unit for unit in units if unit[0] >> 1 & 0x3F in _SLICES]
        return any(_starts_picture(unit[0] >> 1 & 0x3F, unit[2]) for unit in slices or units)
    if nal_type == _FRAGMENTATION_UNIT:
        return (
            payload[2] >= _FU_START
            and len(payload) > 3
            and _starts_picture(payload[2] & 0x3F, payload[3])
        )
    return _starts_picture(nal_type, payload[2])


def frame_sizes(payload: bytes | memoryview) -> FrameSizes:
    """Return the size in the sequence parameter set that is in this packet; nothing without one.

    One that needs two packets is none that a WebRTC client sends.
    """
    is_aggregate = len(payload) > 0 and payload[0] >> 1 & 0x3F == _AGGREGATION_PACKET
    for unit in _aggregated_units(payload) if is_aggregate else (payload,):
        if len(unit) > 0 and unit[0] >> 1 & 0x3F == _SEQUENCE_PARAMETER_SET:
            with contextlib.suppress(MalformedPacketError):
                return (h265_frame_size(unit),)
            break
    return ()


def _aggregated_units(payload: bytes | memoryview) -> Iterator[bytes | memoryview]:
    offset = 2
    while offset + 2 < len(payload):
        end = offset + 2 + (payload[offset] << 8 | payload[offset + 1])
        yield payload[offset + 2 : end]
        offset = end


def _starts_picture(nal_type: int, slice_byte: int) -> bool:
    if nal_type in _RANDOM_ACCESS:
        return slice_byte >= _FIRST_SLICE_SEGMENT
    return nal_type in _PARAMETER_SETS
