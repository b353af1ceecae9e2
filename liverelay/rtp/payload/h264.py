"""H.264 payload structures (RFC 6184): single NAL units, STAP-A and FU-A."""

from __future__ import annotations

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
    where the parameter sets came with the SDP.
    """
    if len(payload) < 2:
        return False
    nal_type = payload[0] & 0x1F
    if nal_type == _STAP_A:
        return _aggregate_has_keyframe(payload)
    if nal_type == _FU_A:
        return (
            payload[1] & (_FU_START | 0x1F) == _FU_START | _IDR_SLICE
            and len(payload) > 2
            and payload[2] >= _FIRST_MACROBLOCK
        )
    return _starts_picture(nal_type, payload[1])


def _aggregate_has_keyframe(payload: bytes | memoryview) -> bool:
    offset = 1
    while offset + 3 < len(payload):
        size = payload[offset] << 8 | payload[offset + 1]
        if size > 1 and _starts_picture(payload[offset + 2] & 0x1F, payload[offset + 3]):
            return True
        offset += 2 + size
    return False


def _starts_picture(nal_type: int, second_byte: int) -> bool:
    if nal_type == _IDR_SLICE:
        return second_byte >= _FIRST_MACROBLOCK
    return nal_type == _SEQUENCE_PARAMETER_SET
