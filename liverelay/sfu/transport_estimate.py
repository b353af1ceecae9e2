"""What comes through a viewer's path, by when its packets left and came (transport-cc)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.sfu.sent_log import SentLog
from liverelay.sfu.standing_queue import STANDING_QUEUE, TransitMeter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.sfu.departures import Arrival, DepartureRecorder

# Long enough for some packets to come at once, whatever jitter does to the others.
_INTERVAL = 0.5
# Rates are compared, and losses counted, over the time that receiver reports are about.
_WINDOW = 1.0
# A route that has become longer looks like a queue, too. But a queue that is too much for the path
# goes on growing, by this much in an interval where 2 % more is sent than it carries, or it
# overflows.
_GROWTH = 0.01
_OVERFLOW = 0.02


class PathRate(NamedTuple):
    """The payload rate at which packets came; what the path carries if it is congested."""

    bitrate_bps: float
    is_congested: bool


class TransportEstimator:
    """Says twice a second what came, and once a second how much was lost; None in between.

    Rates are those of arrival, by the viewer's clock: what it says of that harms nobody else.
    """

    def __init__(self, departures: DepartureRecorder, now: float) -> None:
        self._departures = departures
        self._transits = TransitMeter()
        self._queue = 0.0
        self._octets = 0
        self._arrived = SentLog()
        self._newest: float | None = None
        self._taken_at = self._loss_taken_at = now
        self._latest, self._loss = _Counts(departures), _Counts(departures)

    def on_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            self._transits.on_packet(arrival.arrived_at - arrival.sent_at)
            self._octets += arrival.octets
            self._arrived.add(self._octets, arrival.arrived_at)
            self._newest = arrival.arrived_at

    def take_rate(self, now: float) -> PathRate | None:
        if self._newest is None or now - self._taken_at < _INTERVAL:
            return None
        bitrate_bps = self._arrived.latest_bps(_WINDOW, self._newest)
        before, self._queue = self._queue, self._transits.take_queue()
        loss = self._latest.take_share()
        self._newest, self._taken_at = None, now
        if bitrate_bps is None:
            return None
        is_worse = self._queue - before > _GROWTH or loss > _OVERFLOW
        return PathRate(bitrate_bps, self._queue > STANDING_QUEUE and is_worse)

    def take_loss(self, now: float) -> float | None:
        """Return the share of packets reported as lost since it was last returned."""
        if now - self._loss_taken_at < _WINDOW:
            return None
        self._loss_taken_at = now
        return self._loss.take_share()


class _Counts:
    """What had been reported when it was last looked at."""

    __slots__ = ("_departures", "_lost", "_received")

    def __init__(self, departures: DepartureRecorder) -> None:
        self._departures = departures
        self._lost, self._received = departures.packets_lost, departures.packets_received

    def take_share(self) -> float:
        """Return the share lost since."""
        now = self._departures
        lost, received = now.packets_lost - self._lost, now.packets_received - self._received
        self._lost, self._received = now.packets_lost, now.packets_received
        return lost / max(1, lost + received)
