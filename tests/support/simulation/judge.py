"""What must hold for every viewer, whatever its network does, and how well it fared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.packet import parse_header
from liverelay.rtp.serial import SequenceUnwrapper
from tests.support.simulation.frames import FrameName, Mark, read_payload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.simulation.assembly import Frame

VIDEO_SSRC, RTX_SSRC = 0xC0DE, 0xC0DF

_MOST_SEEN_TWICE = 0.3


class Judge:
    """Compares what one viewer is sent and decodes with what the camera says of it.

    `faults` are sentences; there are to be none. `decoded` are the marks of the frames decoded, and
    `decoded_at` when they were.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.decoded: list[Mark] = []
        self.decoded_at: list[float] = []
        # Extended number -> the packet's mark, None for one without payload.
        self.forwarded: dict[int, Mark | None] = {}
        self.repeated: list[Mark] = []
        self._unwrapper = SequenceUnwrapper()
        self._usable: set[FrameName] = set()
        self._last_timestamp: int | None = None

    def on_forwarded(self, packet: bytes) -> None:
        """Note what the server sends, before the network has it."""
        header = parse_header(packet)
        payload = packet[header.payload_offset : header.payload_end]
        if header.ssrc == RTX_SSRC and len(payload) > 2:
            self.repeated.append(read_payload(payload[2:])[2])
        if header.ssrc != VIDEO_SSRC:
            return
        number = self._unwrapper.unwrap(header.sequence_number)
        if number in self.forwarded:
            self.faults.append(f"number {number & 0xFFFF} was sent twice")
        self.forwarded[number] = read_payload(payload)[2] if payload else None

    def on_decoded(self, frame: Frame, now: float) -> None:
        mark = frame.marks[0]
        packets = [each.packet for each in frame.marks if each.name == mark.name]
        if packets != list(range(mark.packets)):
            self.faults.append(f"{mark.name} was decoded of packets {packets} of {mark.packets}")
        if mark.reference is None:
            self._usable.clear()
        elif mark.reference not in self._usable:
            self.faults.append(f"{mark.name} was decoded without {mark.reference}")
        if self.decoded and not self._follows(mark, self.decoded[-1]):
            self.faults.append(f"{mark.name} was decoded after {self.decoded[-1].name}")
        if mark.name in self._usable:
            self.faults.append(f"{mark.name} was decoded twice")
        if self._last_timestamp is not None and not 0 < (
            (frame.rtp_timestamp - self._last_timestamp) & 0xFFFFFFFF
        ) < (1 << 31):
            self.faults.append(f"{mark.name} has a timestamp not after the one before")
        self._last_timestamp = frame.rtp_timestamp
        self._usable.add(mark.name)
        self.decoded.append(mark)
        self.decoded_at.append(now)

    def _follows(self, mark: Mark, before: Mark) -> bool:
        if mark.name.layer == before.name.layer:
            return mark.name.number > before.name.number
        # A keyframe can be late, and then the time of its repair is seen twice, in both encodings.
        return mark.captured_at > before.captured_at - _MOST_SEEN_TWICE

    def gaps(self) -> list[int]:
        """Return the numbers that the server left out between its first packet and its last."""
        numbers = self.forwarded.keys()
        return [n for n in range(min(numbers), max(numbers) + 1) if n not in numbers]

    def orphans(self, received: Iterable[Mark]) -> list[FrameName]:
        """Return the frames that were forwarded although what they refer to was not.

        Not those whose reference the server has not `received` whole itself: it cannot know. What
        it sent only when it was asked for it counts as sent. If the first packet of a keyframe is
        the last to come, the viewer starts there, and may ask for the others or not.
        """
        sent = [mark for mark in self.forwarded.values() if mark is not None]
        keyframes = {mark.name for mark in sent if mark.reference is None}
        missing = _whole(received) - _whole([*sent, *self.repeated])
        return [
            mark.name for mark in sent if mark.reference in missing - keyframes and mark.packet == 0
        ]

    def pauses(self, since: float, until: float) -> list[float]:
        """Return the times between one decoded frame and the next, the ends included."""
        times = [since, *(at for at in self.decoded_at if since < at < until), until]
        return [b - a for a, b in zip(times, times[1:], strict=False)]


def _whole(marks: Iterable[Mark]) -> set[FrameName]:
    """Return the frames of which every packet is there."""
    packets: dict[FrameName, set[int]] = {}
    whole = set()
    for mark in marks:
        packets.setdefault(mark.name, set()).add(mark.packet)
        if len(packets[mark.name]) == mark.packets:
            whole.add(mark.name)
    return whole
