from __future__ import annotations

import math

import pytest

from liverelay.sfu.path_meter import PathMeter, PathPoint, PathSample

NEVER = -math.inf


class Route:
    """Points of a path that is sent 1 Mbit/s in 100 packets a second, ten times a second."""

    def __init__(self) -> None:
        self.meter = PathMeter()
        self.now = 0.0
        self.sample: PathSample | None = None

    def run(
        self,
        seconds: float,
        *,
        waits: float = 0.0,
        lost: int = 0,
        fresh_since: float = NEVER,
    ) -> PathSample:
        """Let each packet take 0.1 s, and wait; `lost` packets of each hundred do not come."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            transit = 0.1 + waits
            sent_at = self.now - transit
            packets = round(sent_at * 100)
            missing = round(packets * lost / 100)
            octets = (packets - missing) * 1250.0
            point = PathPoint(self.now, sent_at, octets, packets, missing, transit, transit)
            self.sample = self.meter.add(point, fresh_since)
        assert self.sample is not None
        return self.sample


def test_first_point_is_nothing_to_compare_with() -> None:
    assert PathMeter().add(PathPoint(1.0, 0.9, 0.0, 0, 0, 0.1, 0.1), NEVER) is None


def test_sample_is_about_the_last_second() -> None:
    sample = Route().run(5.0)

    assert 1.0 <= sample.duration < 1.15
    assert sample.arrived_bps == pytest.approx(1_000_000)
    assert sample.progress == pytest.approx(1.0)
    assert (sample.loss, sample.queue) == pytest.approx((0.0, 0.0))


def test_loss_is_the_share_of_what_was_due() -> None:
    assert Route().run(5.0, lost=20).loss == pytest.approx(0.2, abs=0.01)


def test_loss_of_few_packets_says_nothing() -> None:
    assert Route().run(0.2, lost=50).loss == 0.0


def test_queue_is_what_no_packet_of_half_a_second_has_come_without() -> None:
    route = Route()
    route.run(3.0)

    assert route.run(0.3, waits=0.2).queue == pytest.approx(0.0)
    assert route.run(0.5, waits=0.2).queue == pytest.approx(0.2)


def test_less_comes_than_is_sent_while_a_queue_grows() -> None:
    route = Route()
    route.run(3.0)

    assert route.run(0.5, waits=0.3).progress == pytest.approx(0.7, abs=0.05)


def test_route_that_has_become_longer_is_no_queue_after_ten_seconds() -> None:
    route = Route()
    route.run(3.0)

    assert route.run(11.0, waits=0.2).queue == pytest.approx(0.0)


@pytest.mark.parametrize("leap", [7.0, 20.0])
def test_clock_that_leaps_is_no_queue_for_long(leap: float) -> None:
    meter, queues = PathMeter(), []

    for step in range(30):
        sent_at = step / 10
        transit = 0.1 if step < 20 else leap
        sample = meter.add(
            PathPoint(sent_at + transit, sent_at, 0.0, step, 0, transit, transit), NEVER
        )
        queues.append(0.0 if sample is None else sample.queue)

    assert queues[-1] == 0.0


def test_one_late_report_of_one_a_second_is_no_queue() -> None:
    meter = PathMeter()

    samples = [
        meter.add(PathPoint(at, at - transit, at, round(at), 0, transit, transit), NEVER)
        for at, transit in ((1.0, 0.1), (2.0, 0.1), (3.0, 0.4), (4.0, 0.4))
    ]

    assert [round(each.queue, 3) for each in samples if each is not None] == [0.0, 0.0, 0.3]


def test_transit_that_is_known_otherwise_counts() -> None:
    route = Route()
    route.meter.on_transit(0.05, 0.0)

    assert route.meter.shortest_transit == 0.05
    assert route.run(1.0).queue == pytest.approx(0.05)


def test_what_was_sent_lately_is_looked_at_alone_if_there_is_enough_of_it() -> None:
    route = Route()
    route.run(3.0)

    assert route.run(0.3, fresh_since=2.95).since < 2.95
    assert route.run(0.5, fresh_since=2.95).since >= 2.95
