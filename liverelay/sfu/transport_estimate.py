"""What comes through a viewer's path, by when its packets left and came (transport-cc)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liverelay.sfu.path_meter import MIN_INTERVAL, PathMeter, PathPoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.sfu.departures import Arrival, DepartureRecorder
    from liverelay.sfu.path_meter import PathSample


class TransportEstimator:
    """Samples the path a few times a second.

    Rates are those of arrival, by the viewer's clock: what it says of that harms nobody else.
    """

    def __init__(self, departures: DepartureRecorder) -> None:
        self._departures = departures
        self._meter = PathMeter()
        self._octets = 0
        self._arrived_at = self._sent_at = -math.inf
        self._transit = math.inf

    def on_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            self._octets += arrival.octets
            self._arrived_at = max(self._arrived_at, arrival.arrived_at)
            self._sent_at = max(self._sent_at, arrival.sent_at)
            self._transit = min(self._transit, arrival.arrived_at - arrival.sent_at)

    def take_sample(self, fresh_since: float) -> PathSample | None:
        """Return what has come lately; None if the last sample was just before.

        What was sent before `fresh_since` is left out where there is enough without.
        """
        before = self._meter.newest
        if self._transit == math.inf or (
            before is not None and self._arrived_at - before.at < MIN_INTERVAL
        ):
            return None
        lost = self._departures.packets_lost
        packets = self._departures.packets_received + lost
        transit, self._transit = self._transit, math.inf
        point = PathPoint(
            self._arrived_at, self._sent_at, self._octets, packets, lost, transit, transit
        )
        return self._meter.add(point, fresh_since)
