"""The VP8 payload descriptor (RFC 7741 section 4.2)."""

from __future__ import annotations


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` begins a keyframe; false for anything too short to tell."""
    offset = _frame_offset(payload)
    if offset is None or offset >= len(payload):
        return False
    # Start of the first partition, and the inverse key frame flag of the VP8 header behind it.
    return payload[0] & 0x17 == 0x10 and payload[offset] & 0x01 == 0


def _frame_offset(payload: bytes | memoryview) -> int | None:
    if not payload:
        return None
    if not payload[0] & 0x80:
        return 1
    if len(payload) < 3:
        return None
    flags = payload[1]
    offset = 2
    if flags & 0x80:  # PictureID: one byte, or two if its first bit is set
        offset += 2 if payload[2] & 0x80 else 1
    if flags & 0x40:  # TL0PICIDX
        offset += 1
    if flags & 0x30:  # TID and KEYIDX share a byte
        offset += 1
    return offset
