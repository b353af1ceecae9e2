"""Reading the dependency descriptors of one stream: the model is libwebrtc's video receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.dependency_descriptor import parse_dependency_descriptor

if TYPE_CHECKING:
    from liverelay.rtp.dependency_descriptor import FrameTemplate, TemplateStructure


class DescriptorReader:
    """Unwraps frame numbers, and takes the templates that the frames behind a keyframe name.

    A keyframe that is numbered below the one before is dropped, and so is what depends on it: the
    picture stands still for as long as the numbers are behind.
    """

    def __init__(self) -> None:
        self._structure: TemplateStructure | None = None
        self._keyframe = -1
        self._latest: int | None = None

    def read(self, value: bytes) -> tuple[int, FrameTemplate]:
        """Return the frame's number, unwrapped, and what is said of it."""
        read = parse_dependency_descriptor(value, self._structure)
        number = int.from_bytes(value[1:3])
        if self._latest is not None:
            # The nearest to the latest one, which need not be the highest.
            number = self._latest + (number - self._latest + 0x8000) % 0x10000 - 0x8000
        self._latest = number
        if read.structure is not None:
            assert number >= self._keyframe, f"keyframe {number} comes after {self._keyframe}"
            self._structure, self._keyframe = read.structure, number
        return number, read.frame
