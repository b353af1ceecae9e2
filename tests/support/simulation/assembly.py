"""From packets to frames that can be decoded: the model is libwebrtc's, without its play-out delay.

It knows of a frame what the descriptor says, and nothing of the mark. Frames are decoded as soon as
they can be.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.support.simulation.frames import Descriptor, Mark, read_payload

# A frame that nothing has to wait for gives way to a later one after this time; a browser's
# play-out delay is of this order.
_PATIENCE = 0.15


class _Packet(NamedTuple):
    """A packet in its place; one without payload only fills its number."""

    rtp_timestamp: int
    marker: bool
    descriptor: Descriptor | None
    is_keyframe: bool
    mark: Mark | None


class Frame(NamedTuple):
    """A frame of which everything has come; the numbers are those of its first and last packet."""

    first: int
    last: int
    rtp_timestamp: int
    descriptor: Descriptor
    is_keyframe: bool
    marks: tuple[Mark, ...]
    complete_at: float


class FrameAssembler:
    """Takes packets by extended sequence number, and gives frames in the order of decoding."""

    def __init__(self) -> None:
        self._packets: dict[int, _Packet] = {}
        self._complete: list[Frame] = []
        self._decoded: Frame | None = None
        # Unwrapped: the highest that came, and that of the last base layer frame decoded.
        self._highest_tl0picidx = 0
        self._tl0picidx: int | None = None

    @property
    def decoded_up_to(self) -> int:
        return -1 if self._decoded is None else self._decoded.last

    def add(
        self, number: int, rtp_timestamp: int, payload: bytes, now: float, *, marker: bool
    ) -> None:
        if number <= self.decoded_up_to or number in self._packets:
            return
        if payload:
            descriptor, is_keyframe, mark = read_payload(payload)
            descriptor = self._unwrapped(descriptor)
            self._packets[number] = _Packet(rtp_timestamp, marker, descriptor, is_keyframe, mark)
            frame = self._frame_around(number, now)
            if frame is not None:
                self._complete.append(frame)
                self._complete.sort()
        else:
            self._packets[number] = _Packet(rtp_timestamp, False, None, False, None)

    def take_decodable(self, now: float) -> list[Frame]:
        """Return what can be decoded now, in order."""
        taken = []
        while (frame := self._next(now)) is not None:
            self._decode(frame)
            taken.append(frame)
        return taken

    def _unwrapped(self, descriptor: Descriptor) -> Descriptor:
        """Undo the wrapping of TL0PICIDX, which takes seconds only."""
        if descriptor.tl0picidx is None:
            return descriptor
        highest = self._highest_tl0picidx
        unwrapped = highest + (descriptor.tl0picidx - highest + 0x80) % 0x100 - 0x80
        self._highest_tl0picidx = max(highest, unwrapped)
        return descriptor._replace(tl0picidx=unwrapped)

    def _frame_around(self, number: int, now: float) -> Frame | None:
        packets = self._packets
        rtp_timestamp = packets[number].rtp_timestamp
        first = last = number
        while not _starts(packets[first]):
            first -= 1
            if first not in packets or packets[first].rtp_timestamp != rtp_timestamp:
                return None
        while not packets[last].marker:
            last += 1
            if last not in packets or packets[last].rtp_timestamp != rtp_timestamp:
                return None
        start = packets[first]
        assert start.descriptor is not None
        marks = tuple(m for n in range(first, last + 1) if (m := packets[n].mark) is not None)
        return Frame(first, last, rtp_timestamp, start.descriptor, start.is_keyframe, marks, now)

    def _next(self, now: float) -> Frame | None:
        for frame in self._complete:
            if frame.is_keyframe:
                return frame
            if self._decoded is None or not self._has_reference(frame):
                continue
            if self._follows(frame) or now - frame.complete_at >= _PATIENCE:
                return frame
        return None

    def _has_reference(self, frame: Frame) -> bool:
        """Whether the descriptor promises that nothing is missing which `frame` needs."""
        assert self._decoded is not None
        told = frame.descriptor
        if told.tl0picidx is None or self._tl0picidx is None:
            return self._follows(frame)
        if told.temporal_layer == 0:
            return told.tl0picidx == self._tl0picidx + 1
        if told.tl0picidx != self._tl0picidx:
            return False
        before = self._decoded.descriptor.picture_id
        return bool(told.is_sync) or told.picture_id == (before + 1) & 0x7FFF

    def _follows(self, frame: Frame) -> bool:
        """Whether no packet is missing before `frame`."""
        assert self._decoded is not None
        between = range(self._decoded.last + 1, frame.first)
        return all(n in self._packets and self._packets[n].mark is None for n in between)

    def _decode(self, frame: Frame) -> None:
        self._decoded = frame
        if frame.descriptor.temporal_layer in (None, 0):
            self._tl0picidx = frame.descriptor.tl0picidx
        self._complete = [each for each in self._complete if each.first > frame.last]
        for number in [number for number in self._packets if number <= frame.last]:
            del self._packets[number]


def _starts(packet: _Packet) -> bool:
    return packet.descriptor is not None and packet.descriptor.starts
