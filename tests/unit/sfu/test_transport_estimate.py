from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.sfu.departures import Arrival, DepartureRecorder
from liverelay.sfu.transport_estimate import TransportEstimator

if TYPE_CHECKING:
    from liverelay.sfu.transport_estimate import PathRate

SIZE = 1000
INTERVAL = 0.01
# 800 kbit/s.
BITRATE = SIZE * 8 / INTERVAL


class Feed:
    """A hundred packets a second, each of which waits for as long as it is told."""

    def __init__(self) -> None:
        self.departures = DepartureRecorder(1)
        self.now = 10.0
        self.estimator = TransportEstimator(self.departures, self.now)

    def send(self, seconds: float, waited: float = 0.0, *, growing: float = 0.0) -> PathRate | None:
        """Return the rate after some time; the wait grows by `growing` in each second of it."""
        begun = self.now
        for _ in range(round(seconds / INTERVAL)):
            self.now += INTERVAL
            transit = 77.0 + waited + growing * (self.now - begun)
            self.estimator.on_arrivals([Arrival(self.now, self.now + transit, SIZE)])
            self.departures.packets_received += 1
        return self.estimator.take_rate(self.now)


def test_rate_is_that_at_which_packets_came() -> None:
    feed = Feed()

    rate = feed.send(1.0)

    assert rate is not None
    assert rate.bitrate_bps == pytest.approx(BITRATE, rel=0.05)
    assert not rate.is_congested


def test_there_is_no_rate_before_its_time_nor_without_arrivals() -> None:
    feed = Feed()

    assert feed.send(0.31) is None
    assert feed.send(0.31) is not None
    assert feed.estimator.take_rate(feed.now + 5.0) is None


def test_queue_that_stands_and_grows_is_congestion() -> None:
    feed = Feed()
    feed.send(1.0)

    rates = [feed.send(0.52, waited=0.1 * step, growing=0.2) for step in range(4)]

    assert [rate and rate.is_congested for rate in rates] == [False, True, True, True]


def test_route_that_has_become_longer_is_congestion_once_at_most() -> None:
    feed = Feed()
    feed.send(1.0)

    rates = [feed.send(0.52, waited=0.1) for _ in range(4)]

    assert [rate and rate.is_congested for rate in rates] == [True, False, False, False]


def test_queue_that_overflows_is_congestion() -> None:
    feed = Feed()
    feed.send(1.0)
    feed.send(0.52, waited=0.1)

    feed.departures.packets_lost += 5
    rate = feed.send(0.52, waited=0.1)

    assert rate is not None
    assert rate.is_congested


def test_loss_is_that_of_the_last_second() -> None:
    feed = Feed()
    feed.send(0.9)
    assert feed.estimator.take_loss(feed.now) is None
    feed.departures.packets_lost += 102
    feed.send(0.12)

    assert feed.estimator.take_loss(feed.now) == pytest.approx(0.5)
    feed.send(1.02)
    assert feed.estimator.take_loss(feed.now) == 0.0


def test_clock_that_stands_still_says_nothing() -> None:
    estimator = TransportEstimator(DepartureRecorder(1), 10.0)
    estimator.on_arrivals([Arrival(10.0, 5.0, SIZE)] * 100)

    assert estimator.take_rate(11.0) is None


def test_clock_that_leaps_is_borne() -> None:
    feed = Feed()
    feed.send(1.0)

    for arrived_at in (1e6, 0.0, -1e6):
        feed.estimator.on_arrivals([Arrival(feed.now, arrived_at, SIZE)])
        feed.now += 1.0
        feed.estimator.take_rate(feed.now)

    assert feed.estimator.take_rate(feed.now + 1.0) is None
