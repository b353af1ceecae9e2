"""The aggregation header of AV1 (RTP Payload Format For AV1, version 1.0, section 4.4)."""

from __future__ import annotations

_CONTINUES_OBU = 0x80
_NEW_SEQUENCE = 0x08


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` is the first packet of a new coded video sequence."""
    return bool(payload) and payload[0] & (_CONTINUES_OBU | _NEW_SEQUENCE) == _NEW_SEQUENCE
