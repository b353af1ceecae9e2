"""How a budget comes to grow again: what probes show, and what they do not."""

from __future__ import annotations

import pytest

from tests.support.estimated_viewer import EstimatedViewer, limited_viewer


def test_budget_grows_by_what_went_through() -> None:
    viewer = limited_viewer()
    viewer.estimator.verify(viewer.now)
    assert viewer.budget_bps == 250_000

    viewer.sent_bps = 300_000
    viewer.send(seconds=1.0)
    viewer.estimator.verify(viewer.now)

    assert viewer.budget_bps is not None
    assert 295_000 < viewer.budget_bps < 305_000


def test_budget_does_not_grow_by_what_may_yet_prove_too_much() -> None:
    viewer = limited_viewer()

    viewer.sent_bps = 300_000
    viewer.send(seconds=0.25)
    viewer.estimator.verify(viewer.now)

    assert viewer.budget_bps == 250_000


def test_budget_does_not_grow_through_a_queue() -> None:
    viewer = limited_viewer()
    viewer.estimator.on_round_trip_time(0.05, viewer.now)
    viewer.sent_bps = 300_000
    viewer.send(seconds=1.0)

    viewer.estimator.on_round_trip_time(0.5, viewer.now)
    viewer.estimator.verify(viewer.now)

    assert viewer.budget_bps == 250_000


def test_budget_does_not_grow_while_the_estimate_stands_still_below_it() -> None:
    viewer = limited_viewer()
    viewer.sent_bps = 400_000
    viewer.send(seconds=1.0)

    viewer.report(320_000, 320_000, 320_000, 320_000)
    viewer.estimator.verify(viewer.now)

    assert viewer.budget_bps == 250_000


def test_fall_under_a_probe_tells_what_the_path_carries() -> None:
    viewer = limited_viewer()
    viewer.padding_bps = 200_000
    viewer.send(seconds=1.0)

    viewer.report(500_000, 330_000)
    assert viewer.budget_bps == 330_000
    viewer.report(150_000)

    assert viewer.budget_bps == pytest.approx(150_000 * 1.3 / 0.85)


def test_probe_whose_end_is_not_seen_in_the_estimate_warns() -> None:
    viewer = limited_viewer()
    viewer.padding_bps = 300_000
    begun_at = viewer.now

    viewer.report(*(330_000,) * 11)

    assert viewer.estimator.warned_at is not None
    assert viewer.estimator.warned_at > begun_at
    assert viewer.budget_bps is not None
    assert viewer.budget_bps >= 250_000


def test_budget_can_be_assumed_where_there_is_a_limit() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.estimator.assume(500_000)
    assert viewer.budget_bps is None

    viewer = limited_viewer()
    viewer.estimator.assume(500_000)
    viewer.estimator.assume(400_000)

    assert viewer.budget_bps == 500_000


def test_fall_above_what_is_sent_without_a_probe_is_no_limit() -> None:
    viewer = limited_viewer()

    viewer.report(900_000, 300_000)

    assert viewer.budget_bps == 250_000


def test_lie_about_a_fall_raises_the_budget_to_what_is_sent_at_most() -> None:
    viewer = limited_viewer()

    viewer.report(9_000_000, 8_000_000)

    assert viewer.budget_bps == 250_000


def test_without_a_limit_there_is_nothing_to_verify() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.estimator.verify(viewer.now)

    assert viewer.budget_bps is None


def test_what_is_available_is_the_budget_and_then_what_was_proven() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    available = [viewer.estimator.available_bps]
    viewer.report(1_500_000)
    available.append(viewer.estimator.available_bps)

    viewer.report(250_000)
    available.append(viewer.estimator.available_bps)
    viewer.estimator.assume(900_000)
    viewer.estimator.release()
    available.append(viewer.estimator.available_bps)

    assert available == [None, 1_500_000, 250_000, 900_000]
    assert not viewer.estimator.is_limited


def test_estimate_that_stands_still_is_no_sign_where_no_queue_is_measured() -> None:
    viewer = limited_viewer()
    viewer.padding_bps = 200_000
    begun_at = viewer.now

    for _ in range(12):
        viewer.estimator.on_round_trip_time(0.05, viewer.now)
        viewer.report(330_000)
        viewer.estimator.verify(viewer.now)

    assert viewer.estimator.warned_at is not None
    assert viewer.estimator.warned_at < begun_at
    assert viewer.budget_bps == pytest.approx(400_000, rel=0.05)
