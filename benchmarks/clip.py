"""A short clip of real VP8, for servers that decode what they forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor
from av import VideoFrame

from liverelay.loadtest.source import FRAMES_PER_SECOND, VIDEO_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 640, 360
_FRAMES = 60
_BITRATE_BPS = 1_500_000


class ClipFrames:
    """Two seconds of moving noise, again and again; a keyframe starts it from the beginning."""

    has_room = False

    def __init__(self) -> None:
        self._frames = _encode()
        self._next = 0

    def next(self, *, is_keyframe: bool) -> Sequence[bytes]:
        if is_keyframe or self._next == len(self._frames):
            self._next = 0
        self._next += 1
        return self._frames[self._next - 1]


def _encode() -> list[list[bytes]]:
    encoder = Vp8Encoder()
    encoder.target_bitrate = _BITRATE_BPS
    noise = np.random.default_rng(seed=1).integers(0, 256, (_HEIGHT // 8, _WIDTH // 8), np.uint8)
    noise = noise.repeat(8, axis=0).repeat(8, axis=1)
    frames = []
    for i in range(_FRAMES):
        picture = np.stack([np.roll(noise, 3 * i, axis=1)] * 3, axis=2)
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = i * VIDEO_CLOCK // FRAMES_PER_SECOND
        payloads, _ = encoder.encode(frame, force_keyframe=i == 0)
        frames.append([VpxPayloadDescriptor.parse(payload)[1] for payload in payloads])
    return frames
