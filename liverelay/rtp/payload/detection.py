"""Which function tells the keyframes of which codec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from liverelay.rtp.payload import av1, h264, h265, vp8, vp9

KeyframeDetector: TypeAlias = Callable[[bytes | memoryview], bool]

# Codec names compare without case (RFC 4855 section 3), so the keys are lower case.
KEYFRAME_DETECTORS: Mapping[str, KeyframeDetector] = {
    "av1": av1.is_keyframe,
    "h264": h264.is_keyframe,
    "h265": h265.is_keyframe,
    "vp8": vp8.is_keyframe,
    "vp9": vp9.is_keyframe,
}
