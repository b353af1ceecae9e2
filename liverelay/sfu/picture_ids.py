"""Numbering the pictures of VP8 and VP9 so that a viewer sees one stream whatever layer it gets.

Decoders tell by these numbers which picture follows which. Each encoding of a publication counts
its own; viewers of all of them are to see numbers that only ever advance. They are the same for all
viewers of an encoding, whichever of its layers they get, so that they can go from some to others
and packets can still be prepared once for many: where viewers start in an encoding, at a keyframe,
its numbers step past the highest that any viewer of the publication has seen. A step at a keyframe
does no harm, because nothing refers to what was before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.payload.descriptor import write_picture_ids
from liverelay.rtp.serial import SequenceUnwrapper

if TYPE_CHECKING:
    from liverelay.rtp.payload.descriptor import PictureDescriptor

# Steps that a retransmission can reach back over; the history is shorter than so many keyframes.
_MAX_STEPS = 8


class PictureTimeline:
    """The highest numbers that any viewer of a publication has been sent."""

    __slots__ = ("picture_id", "tl0picidx")

    def __init__(self) -> None:
        self.picture_id = -1
        self.tl0picidx = -1


class _Step(NamedTuple):
    """What is added from the picture of this place on."""

    place: int
    picture_id_offset: int
    tl0picidx_offset: int


class PictureNumbering:
    """Rewrites the numbers of one encoding for all of its viewers."""

    __slots__ = ("_highest", "_picture_ids", "_steps", "_timeline", "_tl0picidxs")

    def __init__(self, timeline: PictureTimeline) -> None:
        self._timeline = timeline
        self._picture_ids = _Unwrapper()
        self._tl0picidxs = _Unwrapper()
        self._steps: list[_Step] = []
        self._highest = -1

    def step(self, descriptor: PictureDescriptor) -> None:
        """Number this picture, a keyframe, and those behind it past all that anyone has seen.

        And past the numbers of those before it that are yet to be written. Packets of it that have
        overtaken its first one may be out under another number; receivers go by the first. Not if
        pictures behind it are: they would have lost what they refer to.
        """
        place, tl0picidx = self._place(descriptor)
        if place < self._highest:
            return
        picture_id_offset = self._timeline.picture_id + 1 - place
        tl0picidx_offset = self._timeline.tl0picidx + 1 - tl0picidx
        if self._steps:
            _, latest_picture_id_offset, latest_tl0picidx_offset = self._steps[-1]
            picture_id_offset = max(picture_id_offset, latest_picture_id_offset)
            tl0picidx_offset = max(tl0picidx_offset, latest_tl0picidx_offset)
        self._steps.append(_Step(place, picture_id_offset, tl0picidx_offset))
        del self._steps[:-_MAX_STEPS]

    def write(
        self, packet: bytes | bytearray, payload_offset: int, descriptor: PictureDescriptor
    ) -> bytearray:
        """Return `packet`, whose payload begins at `payload_offset`, with its numbers replaced."""
        place, tl0picidx = self._place(descriptor)
        self._highest = max(self._highest, place)
        step = next((each for each in reversed(self._steps) if each.place <= place), None)
        copy = packet if isinstance(packet, bytearray) else bytearray(packet)
        if step is not None:
            place += step.picture_id_offset
            tl0picidx += step.tl0picidx_offset
            timeline = self._timeline
            timeline.picture_id = max(timeline.picture_id, place)
            timeline.tl0picidx = max(timeline.tl0picidx, tl0picidx)
        write_picture_ids(copy, payload_offset, descriptor, place, tl0picidx)
        return copy

    def _place(self, descriptor: PictureDescriptor) -> tuple[int, int]:
        picture_id = tl0picidx = 0
        if descriptor.picture_id is not None:
            picture_id = self._picture_ids.unwrap(descriptor.picture_id, descriptor.picture_id_bits)
        if descriptor.tl0picidx is not None:
            tl0picidx = self._tl0picidxs.unwrap(descriptor.tl0picidx, 8)
        return picture_id, tl0picidx


class _Unwrapper:
    """Unwraps numbers of fewer than 16 bits, by giving them the high ones of 16."""

    __slots__ = ("_unwrapper",)

    def __init__(self) -> None:
        self._unwrapper = SequenceUnwrapper()

    def unwrap(self, number: int, bits: int) -> int:
        return self._unwrapper.unwrap(number << 16 - bits) >> 16 - bits
