"""The clients of a load test, and what the viewers among them have got since the last mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from liverelay.loadtest.figures import Histogram

if TYPE_CHECKING:
    from liverelay.loadtest.publisher import Publisher
    from liverelay.loadtest.viewer import Viewer

# The reports of all viewers are spread over their second in so many parts.
REPORT_PARTS = 10


class _Seat(NamedTuple):
    """A viewer, and whom it watches if that is a publisher of ours."""

    viewer: Viewer
    publisher: Publisher | None


@dataclass(frozen=True, slots=True)
class Count:
    """What all viewers got since the mark; `bitrates` are of each, in kbit/s."""

    seconds: float
    connected: int
    watching: int
    stalled: int
    packets: int
    octets: int
    lost: int
    bitrates: list[float]

    @property
    def loss_percent(self) -> float:
        sent = self.packets + self.lost
        return 100 * self.lost / sent if sent else 0.0


class Audience:
    """Times are seconds on the event loop's clock; a viewer silent for `stalled_after` is stalled.

    `count` walks all viewers, at some microseconds each: it is for once a second.
    """

    def __init__(self, now: float, *, stalled_after: float) -> None:
        self.publishers: list[Publisher] = []
        self._since = now
        self._stalled_after = stalled_after
        self._seats: list[_Seat] = []

    @property
    def viewers(self) -> list[Viewer]:
        return [seat.viewer for seat in self._seats]

    def add(self, viewer: Viewer, publisher: Publisher | None) -> None:
        self._seats.append(_Seat(viewer, publisher))

    def mark(self, now: float) -> None:
        """Begin to count from now on."""
        self._since = now
        for publisher in self.publishers:
            publisher.mark(now)
        for viewer in self.viewers:
            viewer.reception.mark(now)
            viewer.latencies = Histogram()

    def count(self, now: float) -> Count:
        seconds = max(now - self._since, 1e-6)
        sent = {publisher: publisher.sent(now) for publisher in self.publishers}
        tallies = [
            viewer.reception.tally(
                None if publisher is None else sent[publisher],
                now,
                stalled_after=self._stalled_after,
            )
            for viewer, publisher in self._seats
        ]
        are_connected = [viewer.is_connected for viewer in self.viewers]
        pairs = zip(tallies, are_connected, strict=True)
        watching = sum(is_connected and not tally.is_stalled for tally, is_connected in pairs)
        return Count(
            seconds=seconds,
            connected=sum(are_connected),
            watching=watching,
            stalled=len(tallies) - watching,
            packets=sum(tally.packets for tally in tallies),
            octets=sum(tally.octets for tally in tallies),
            lost=sum(tally.lost for tally in tallies),
            # Some may have joined after the mark.
            bitrates=[8 * tally.octets / max(tally.seconds, 1e-6) / 1000 for tally in tallies],
        )

    def latencies(self) -> Histogram:
        """Return those of all probes since the mark."""
        together = Histogram()
        together.add_all(viewer.latencies for viewer in self.viewers)
        return together

    def send_reports(self, part: int) -> None:
        """Send the receiver reports of one of `REPORT_PARTS`."""
        for viewer in self.viewers[part::REPORT_PARTS]:
            viewer.send_report()

    def close(self) -> None:
        for client in (*self.viewers, *self.publishers):
            client.close()
