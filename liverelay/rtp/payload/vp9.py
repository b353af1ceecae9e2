"""The VP9 payload descriptor (RFC 9628 section 4.2)."""

from __future__ import annotations

_PICTURE_ID = 0x80
_INTER_PICTURE = 0x40
_LAYER_INDICES = 0x20
_BEGINS_FRAME = 0x08


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` begins a picture that refers to no earlier one.

    Every spatial layer of such a picture is marked alike; only the lowest one begins it.
    """
    if not payload or payload[0] & (_INTER_PICTURE | _BEGINS_FRAME) != _BEGINS_FRAME:
        return False
    if not payload[0] & _LAYER_INDICES:
        return True
    offset = 1
    if payload[0] & _PICTURE_ID:
        if len(payload) < 2:
            return False
        offset += 2 if payload[1] & 0x80 else 1
    return offset < len(payload) and payload[offset] & 0x0E == 0
