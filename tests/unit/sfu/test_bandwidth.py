from __future__ import annotations

import pytest

from liverelay.sfu.bandwidth import BandwidthEstimator
from tests.support.estimated_viewer import EstimatedViewer, limited_viewer


def test_estimate_above_what_is_sent_is_no_limit() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 1_500_000, 1_400_000, 1_400_000)

    assert viewer.budget_bps is None
    assert viewer.estimator.reported_bps == 1_400_000


def test_estimate_below_what_is_sent_is_no_limit_as_long_as_it_rises() -> None:
    """As libwebrtc's does behind a publisher that has just begun: 8 % a second."""
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(*(150_000 * 1.02**step for step in range(60)))

    assert viewer.budget_bps is None


def test_estimate_below_what_is_sent_that_does_not_rise_is_the_limit_after_two_seconds() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(800_000, 800_000, 803_000, 800_000, 800_000, 800_000, 800_000, 800_000)
    assert viewer.budget_bps is None
    viewer.report(800_000)

    assert viewer.budget_bps == 800_000


def test_small_fall_is_a_hiccup_if_the_estimate_recovers() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, *(850_000 * 1.02**step for step in range(40)))

    assert viewer.budget_bps is None


def test_fall_to_much_less_than_is_sent_is_the_limit_at_once() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 260_000)

    assert viewer.budget_bps == 260_000


def test_second_fall_is_the_limit() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 850_000, 870_000, 890_000, 850_000)

    assert viewer.budget_bps == 850_000


def test_fall_in_steps_is_one_fall() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 900_000, 850_000, 870_000, 890_000, 910_000)

    assert viewer.budget_bps is None


def test_limit_falls_further_with_the_estimate() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 500_000, 300_000)

    assert viewer.budget_bps == 300_000


def test_viewer_that_invents_nothing_to_live_on_keeps_a_little() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_500_000, 0)

    assert viewer.budget_bps == 10_000


def test_first_reports_of_a_viewer_that_has_just_joined_say_nothing() -> None:
    estimator = BandwidthEstimator()
    estimator.on_sent(0, 0, 10.0)

    estimator.on_estimate(100_000, 10.1)
    estimator.on_estimate(50_000, 10.2)
    estimator.on_loss(0.9, 10.2)

    assert estimator.budget_bps is None


def test_little_loss_is_repaired_and_no_limit() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.lose(0.1)

    assert viewer.budget_bps is None


def test_heavy_loss_leaves_what_got_through() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.lose(0.7)

    assert viewer.budget_bps == pytest.approx(300_000, rel=0.05)


def test_less_heavy_loss_has_to_be_reported_twice() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.lose(0.5)
    assert viewer.budget_bps is None
    viewer.lose(0.5)

    assert viewer.budget_bps == pytest.approx(500_000, rel=0.05)


def test_heavy_loss_leaves_no_less_than_the_viewer_says() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.report(400_000)

    viewer.lose(0.9)

    assert viewer.budget_bps == 400_000


def test_report_of_what_led_to_a_limit_lowers_it_no_further() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.lose(0.7)
    limit = viewer.budget_bps

    viewer.send(seconds=0.5)
    viewer.estimator.on_loss(0.9, viewer.now)

    assert viewer.budget_bps == limit


def test_loss_right_after_a_limit_leaves_what_got_through() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.lose(0.7)

    viewer.sent_bps = 400_000
    viewer.lose(0.5)

    assert viewer.budget_bps == pytest.approx(300_000, rel=0.05)


def test_loss_at_a_limit_lowers_it_until_there_is_none() -> None:
    viewer = limited_viewer()

    budgets = []
    for _ in range(4):
        viewer.lose(0.2)
        budgets.append(viewer.budget_bps)

    assert budgets == pytest.approx([180_000, 160_000, 160_000, 144_000], rel=0.05)


def test_loss_by_a_probe_leaves_what_got_through() -> None:
    viewer = limited_viewer()
    viewer.padding_bps = 70_000

    viewer.lose(0.2)

    assert viewer.budget_bps == pytest.approx(216_000, rel=0.05)


def test_loss_that_is_always_there_is_the_links_own() -> None:
    viewer = EstimatedViewer(sent_bps=200_000)
    for _ in range(20):
        viewer.lose(0.2)
    viewer.report(500_000, 120_000)
    budget = viewer.budget_bps

    viewer.lose(0.2)
    viewer.lose(0.22)

    assert viewer.budget_bps == budget == 120_000


def test_loss_beside_a_low_estimate_lowers_the_rate_as_the_draft_says() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(900_000)
    viewer.lose(0.2)

    assert viewer.budget_bps is not None
    assert 890_000 < viewer.budget_bps < 910_000


def test_loss_of_a_viewer_without_estimate_is_no_limit() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.lose(0.3)

    assert viewer.budget_bps is None


def test_loss_on_a_radio_link_is_no_limit_while_the_estimate_is_high() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)

    viewer.report(1_300_000)
    viewer.lose(0.2)

    assert viewer.budget_bps is None


def test_loss_behind_a_queue_is_a_limit_whatever_the_estimate() -> None:
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.report(1_300_000)
    viewer.estimator.on_round_trip_time(0.05, viewer.now)
    viewer.lose(0.2)
    assert viewer.budget_bps is None

    viewer.estimator.on_round_trip_time(0.35, viewer.now)
    viewer.lose(0.2)

    assert viewer.budget_bps is not None


def test_loss_of_a_probe_does_not_count_against_the_media_beside_it() -> None:
    viewer = limited_viewer()
    viewer.padding_bps = 150_000

    viewer.lose(0.75)

    assert viewer.budget_bps == pytest.approx(200_000, rel=0.05)
