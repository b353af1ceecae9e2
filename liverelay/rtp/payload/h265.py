"""H.265 payload structures (RFC 7798): single NAL units, aggregation packets, fragmentation units.

Aggregation packets with DONL fields need `sprop-max-don-diff` above 0, which no WebRTC client
negotiates.
"""

from __future__ import annotations

# Intra random access point pictures: BLA, IDR and CRA.
_RANDOM_ACCESS = range(16, 22)
_PARAMETER_SETS = range(32, 34)
_AGGREGATION_PACKET = 48
_FRAGMENTATION_UNIT = 49
_FIRST_SLICE_SEGMENT = 0x80
_FU_START = 0x80


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether a decoder can start with `payload`.

    That is a video or sequence parameter set, or the first slice of a random access picture.
    """
    if len(payload) < 3:
        return False
    nal_type = payload[0] >> 1 & 0x3F
    if nal_type == _AGGREGATION_PACKET:
        return _aggregate_has_keyframe(payload)
    if nal_type == _FRAGMENTATION_UNIT:
        return (
            payload[2] >= _FU_START
            and len(payload) > 3
            and _starts_picture(payload[2] & 0x3F, payload[3])
        )
    return _starts_picture(nal_type, payload[2])


def _aggregate_has_keyframe(payload: bytes | memoryview) -> bool:
    offset = 2
    while offset + 4 < len(payload):
        size = payload[offset] << 8 | payload[offset + 1]
        if size > 2 and _starts_picture(payload[offset + 2] >> 1 & 0x3F, payload[offset + 4]):
            return True
        offset += 2 + size
    return False


def _starts_picture(nal_type: int, slice_byte: int) -> bool:
    if nal_type in _RANDOM_ACCESS:
        return slice_byte >= _FIRST_SLICE_SEGMENT
    return nal_type in _PARAMETER_SETS
