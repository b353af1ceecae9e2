from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from liverelay.sfu.departures import Arrival, DepartureRecorder
from liverelay.sfu.transport_estimate import TransportEstimator

if TYPE_CHECKING:
    from liverelay.sfu.path_meter import PathSample

SIZE = 1000
INTERVAL = 0.01
# 800 kbit/s.
BITRATE = SIZE * 8 / INTERVAL


class Feed:
    """A hundred packets a second, each of which waits for as long as it is told."""

    def __init__(self) -> None:
        self.departures = DepartureRecorder(1)
        self.now = 10.0
        self.estimator = TransportEstimator(self.departures)

    def send(
        self, seconds: float, waited: float = 0.0, *, growing: float = 0.0, lost: int = 0
    ) -> PathSample | None:
        """Return the last sample of some time; the wait grows by `growing` in each second of it.

        Of each ten packets `lost` do not come.
        """
        begun, sample = self.now, None
        for index in range(round(seconds / INTERVAL)):
            self.now += INTERVAL
            if index % 10 < lost:
                self.departures.packets_lost += 1
                continue
            transit = 77.0 + waited + growing * (self.now - begun)
            self.estimator.on_arrivals([Arrival(self.now, self.now + transit, SIZE)])
            self.departures.packets_received += 1
            sample = self.estimator.take_sample(-math.inf) or sample
        return sample


def test_rate_is_that_at_which_packets_came() -> None:
    sample = Feed().send(2.0)

    assert sample is not None
    assert sample.arrived_bps == pytest.approx(BITRATE, rel=0.05)
    assert sample.queue == pytest.approx(0.0, abs=0.001)


def test_there_is_no_sample_without_arrivals() -> None:
    feed = Feed()
    feed.send(2.0)

    assert feed.estimator.take_sample(-math.inf) is None


def test_queue_is_seen_by_how_long_packets_take() -> None:
    feed = Feed()
    feed.send(2.0)

    sample = feed.send(1.0, growing=0.2)

    assert sample is not None
    assert sample.queue == pytest.approx(0.1, abs=0.03)
    assert sample.progress == pytest.approx(1 / 1.2, abs=0.03)


def test_what_is_lost_has_not_come() -> None:
    sample = Feed().send(2.0, lost=3)

    assert sample is not None
    assert sample.loss == pytest.approx(0.3, abs=0.03)
    assert sample.arrived_bps == pytest.approx(0.7 * BITRATE, rel=0.07)
