"""Which function reads what of which codec's payloads.

Codec names compare without case (RFC 4855 section 3), so the keys are lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from liverelay.rtp.payload import av1, h264, h265, vp8, vp9
from liverelay.rtp.payload.descriptor import FrameSizes, PictureDescriptor

KeyframeDetector: TypeAlias = Callable[[bytes | memoryview], bool]
DescriptorParser: TypeAlias = Callable[[bytes | memoryview], PictureDescriptor | None]
SizeReader: TypeAlias = Callable[[bytes | memoryview], FrameSizes]

KEYFRAME_DETECTORS: Mapping[str, KeyframeDetector] = {
    "av1": av1.is_keyframe,
    "h264": h264.is_keyframe,
    "h265": h265.is_keyframe,
    "vp8": vp8.is_keyframe,
    "vp9": vp9.is_keyframe,
}

# Those that number their pictures in the payload.
DESCRIPTOR_PARSERS: Mapping[str, DescriptorParser] = {
    "vp8": vp8.parse_descriptor,
    "vp9": vp9.parse_descriptor,
}

# Given the first packet of a keyframe: what of it tells the size of the pictures.
SIZE_READERS: Mapping[str, SizeReader] = {
    "av1": av1.frame_sizes,
    "h264": h264.frame_sizes,
    "h265": h265.frame_sizes,
    "vp8": vp8.frame_sizes,
    "vp9": vp9.frame_sizes,
}
