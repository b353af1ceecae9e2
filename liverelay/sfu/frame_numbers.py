"""Numbering the frames in dependency descriptors so that no viewer ever sees them go back.

Each stream counts its own, and that of a publisher who returns begins anew. libwebrtc drops every
keyframe whose number is behind that of the last one: the picture would stand still for as long as
the publisher had been there before. So, as with the numbers of pictures, a stream steps forward at
the keyframe with which such viewers arrive, for all who watch it. No frame refers to one before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.dependency_descriptor import read_frame_number
from liverelay.rtp.extensions import find_element

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.sfu.history import InboundPacket

_MASK = 0xFFFF
# A number that is less than this ahead of another comes after it, and before it if it is more.
_HALF = 0x8000
# Steps that a retransmission can reach back over; the history is shorter than so many keyframes.
_MAX_STEPS = 8
# Viewers come from few streams, and those of one have seen the same.
_MAX_SEEN = 64


class _Step(NamedTuple):
    """What is added from the packet of this extended sequence number on."""

    first: int
    offset: int


class FrameNumbering:
    """Knows what is added to the frame numbers of one inbound stream.

    They are read where viewers come and go, and written only where there has been a step, so that a
    publisher who stays costs nothing. `extension_id` is the publisher's.
    """

    __slots__ = ("_extension_id", "_seen", "_steps")

    def __init__(self, extension_id: int) -> None:
        self._extension_id = extension_id
        self._steps: list[_Step] = []
        self._seen: set[int] = set()

    @property
    def owes_step(self) -> bool:
        """Whether somebody here has seen numbers that no keyframe has come after yet."""
        return bool(self._seen)

    def read(self, inbound: InboundPacket) -> int | None:
        """Return the frame number with which viewers get this packet; None if it has none."""
        element = find_element(inbound.packet, inbound.header, self._extension_id)
        number = None if element is None else read_frame_number(inbound.packet, element)
        if number is None:
            return None
        return (number + self.offset(inbound.extended_sequence_number)) & _MASK

    def offset(self, number: int) -> int:
        """Return what is added in the packet of this extended sequence number."""
        for first, offset in reversed(self._steps):
            if first <= number:
                return offset
        return 0

    def step(self, keyframe: InboundPacket, seen: Iterable[int], *, is_late: bool) -> None:
        """Number `keyframe`, and what follows it, past the numbers that viewers have `seen`.

        Not if it `is_late`, and viewers have got what follows: they would have lost what that
        refers to. Who has seen a higher number is helped at the next keyframe then.
        """
        self._seen.update(seen)
        while len(self._seen) > _MAX_SEEN:
            self._seen.pop()
        number = self.read(keyframe)
        if number is None:
            return
        place = keyframe.extended_sequence_number
        steps = {0}
        if not is_late and not any(each.first > place for each in self._steps):
            # Those who were here before see this step too: it must not look like one back.
            ahead = ((each + 1 - number) & _MASK for each in self._seen)
            steps.update(each for each in ahead if each < _HALF - 1)
        # Of somebody who was away for hours the number can be anywhere; help as many as possible.
        best = max(sorted(steps), key=lambda step: len(self._passed(number + step)))
        if best:
            self._steps.append(_Step(place, self.offset(place) + best))
            del self._steps[:-_MAX_STEPS]
        self._seen -= self._passed(number + best)

    def _passed(self, number: int) -> set[int]:
        """Return which of the numbers that viewers have seen `number` comes after."""
        return {each for each in self._seen if 0 < (number - each) & _MASK < _HALF}
