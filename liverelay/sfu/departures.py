"""When a viewer's packets left, for those whose arrival it reports (transport-cc).

The numbers are transport-wide: they count all packets of a session, whatever their SSRC, in the
order of sending. So no two viewers share them, and only those have them who know nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.extensions import find_element, insert_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.transport_cc import CLOCK_TICKS, MAX_REPORTED, TICKS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.rtp.transport_cc import TransportFeedback
    from liverelay.sfu.commands import Template

_NUMBER_SIZE = 2
# More than any network delays one packet longer than others.
_MAX_REORDERING = 0.25


def reserve_number(packet: bytearray, extension_id: int) -> None:
    """Put an empty element into `packet`, for `DepartureRecorder.stamp` to fill."""
    insert_element(packet, parse_header(packet), extension_id, bytes(_NUMBER_SIZE))


class Arrival(NamedTuple):
    """A packet that came: when by our clock it left, and when by the viewer's it came.

    `octets` are its payload, and a share of the packets before it that no report was about: of
    these most likely as many came as of those that its own report was about.
    """

    sent_at: float
    arrived_at: float
    octets: int


class _Departure(NamedTuple):
    sent_at: float
    octets: int


class DepartureRecorder:
    """Numbers a session's packets, and finds them again in the viewer's reports.

    `extension_id` is the viewer's number for the element that holds theirs.
    `packets_received` and `packets_lost` count each packet once, however often it is reported. One
    that is missing has time to come late before it counts as lost; one that no report is about
    counts as neither.
    """

    def __init__(self, extension_id: int) -> None:
        self.extension_id = extension_id
        self.packets_received = 0
        self.packets_lost = 0
        self._next_number = 0
        # By unwrapped number, until it is known what became of them.
        self._departures: OrderedDict[int, _Departure] = OrderedDict()
        self._missing: dict[int, None] = {}
        self._clock_ticks: int | None = None

    def stamp(self, templates: Iterable[Template], now: float) -> None:
        """Write the next numbers into the elements that the packets have for them.

        One without the element, as its form could not hold it, is not numbered.
        """
        for template in templates:
            packet = template.packet
            assert isinstance(packet, bytearray)
            header = parse_header(packet)
            element = find_element(packet, header, self.extension_id)
            if element is not None:
                number, self._next_number = self._next_number, self._next_number + 1
                packet[element.offset : element.end] = (number & 0xFFFF).to_bytes(_NUMBER_SIZE)
                octets = len(packet) - header.payload_offset
                self._departures[number] = _Departure(now, octets)
        while len(self._departures) > MAX_REPORTED:
            forgotten, _ = self._departures.popitem(last=False)
            self._missing.pop(forgotten, None)

    def take(self, feedback: TransportFeedback) -> list[Arrival]:
        """Return what a report says has come, of what was sent and not known to have come."""
        newest = self._next_number - 1
        first = newest - ((newest - feedback.base_sequence_number) & 0xFFFF)
        skipped = self._take_skipped(first)
        arrivals, missing = [], 0
        for number, ticks in enumerate(feedback.arrivals, start=first):
            departure = self._departures.get(number)
            if departure is None:
                continue
            if ticks is None:
                missing += 1
                self._missing[number] = None
            else:
                del self._departures[number]
                self._missing.pop(number, None)
                arrived_at = self._unwrapped(ticks) / TICKS_PER_SECOND
                arrivals.append(Arrival(departure.sent_at, arrived_at, departure.octets))
        self.packets_received += len(arrivals)
        if arrivals:
            share = len(arrivals) / (len(arrivals) + missing)
            arrivals[0] = arrivals[0]._replace(octets=arrivals[0].octets + round(share * skipped))
            self._give_up(arrivals[-1].sent_at - _MAX_REORDERING)
        return arrivals

    def forget(self) -> None:
        """Forget what is under way: reports on it say nothing of the path that is used now."""
        self._departures.clear()
        self._missing.clear()

    def _take_skipped(self, first: int) -> int:
        """Forget what was sent before `first` and is not missing; return its octets."""
        older = takewhile(lambda number: number < first, self._departures)
        skipped = [number for number in older if number not in self._missing]
        return sum(self._departures.pop(number).octets for number in skipped)

    def _give_up(self, sent_before: float) -> None:
        """Count as lost what is missing for so long that it will not come."""
        departures = self._departures
        lost = [number for number in self._missing if departures[number].sent_at < sent_before]
        for number in lost:
            del self._missing[number], departures[number]
        self.packets_lost += len(lost)

    def _unwrapped(self, ticks: int) -> int:
        """Return a viewer's time so that it does not begin anew every twelve days."""
        newest = ticks if self._clock_ticks is None else self._clock_ticks
        half = CLOCK_TICKS // 2
        self._clock_ticks = newest + (ticks - newest + half) % CLOCK_TICKS - half
        return self._clock_ticks
