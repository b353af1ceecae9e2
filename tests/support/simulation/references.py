"""Which pictures of VP8 a receiver can use, by the numbers in their descriptors alone.

Modelled on libwebrtc, which knows nothing else of what a picture refers to: the one of the lowest
temporal layer is the one before it by TL0PICIDX; a layer sync refers to the one of its own
TL0PICIDX; any other to the latest of each layer up to its own, and waits for every picture that
its PictureID says there is in between.
"""

from __future__ import annotations

from liverelay.rtp.serial import SequenceUnwrapper

_MAX_MISSING = 100


class ReferenceFinder:
    """Takes pictures in order; none of them is lost but by the sender's choice."""

    def __init__(self) -> None:
        self._picture_ids = SequenceUnwrapper()
        self._tl0picidxs = SequenceUnwrapper()
        self._newest: int | None = None
        self._missing: set[int] = set()
        # By TL0PICIDX, the latest picture of each layer.
        self._latest: dict[int, dict[int, int]] = {}

    def accepts(
        self, picture_id: int, tl0picidx: int, layer: int, *, is_keyframe: bool, is_sync: bool
    ) -> bool:
        """Return whether the picture is handed to the decoder, not kept waiting for ever."""
        picture = self._picture_ids.unwrap(picture_id << 1) >> 1
        base = self._tl0picidxs.unwrap(tl0picidx << 8) >> 8
        newest = picture if self._newest is None else self._newest
        self._missing |= set(range(newest + 1, picture))
        self._missing = {each for each in self._missing if each > picture - _MAX_MISSING}
        self._newest = max(newest, picture)
        if is_keyframe:
            self._latest[base] = {0: picture}
            return True
        known = self._latest.get(base if layer else base - 1)
        if known is None or any(each >= picture for each in known.values()):
            return False
        if layer and not is_sync and not self._has_all(known, layer, picture):
            return False
        self._latest[base] = known | {layer: picture}
        return True

    def _has_all(self, known: dict[int, int], layer: int, picture: int) -> bool:
        if not set(range(layer + 1)) <= known.keys():
            return False
        since = min(known[each] for each in range(layer + 1))
        return not any(since < each < picture for each in self._missing)
