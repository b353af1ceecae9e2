"""The budget of a viewer that says when each packet came, and makes no estimate of its own."""

from __future__ import annotations

from liverelay.sfu.bandwidth import BandwidthEstimator
from tests.support.estimated_viewer import EstimatedViewer


class AcknowledgingViewer(EstimatedViewer):
    """Is told of twice a second what came through."""

    def acknowledge(self, *rates: float, is_congested: bool = False) -> None:
        for rate in rates:
            self.send(seconds=0.5)
            self.estimator.on_arrival_rate(rate, self.now, is_congested=is_congested)
            self.estimator.verify(self.now)


def test_rate_that_falls_because_less_is_sent_is_no_limit() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)

    viewer.acknowledge(1_000_000, 500_000, 100_000, 500_000)

    assert viewer.budget_bps is None
    assert viewer.estimator.reported_bps == 750_000


def test_congestion_before_anything_is_known_to_have_been_sent_is_only_noted() -> None:
    estimator = BandwidthEstimator()

    estimator.on_arrival_rate(500_000, 10.0, is_congested=True)

    assert estimator.budget_bps is None
    assert estimator.reported_bps == 425_000


def test_much_less_through_a_congested_path_is_the_limit_at_once() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)

    viewer.acknowledge(400_000, is_congested=True)

    assert viewer.budget_bps == 340_000


def test_congestion_once_is_a_hiccup_and_twice_the_limit() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)

    viewer.acknowledge(900_000, is_congested=True)
    assert viewer.budget_bps is None
    viewer.acknowledge(900_000, is_congested=True)

    assert viewer.budget_bps == 765_000


def test_budget_grows_by_what_came_through_and_not_by_what_was_sent() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)
    viewer.acknowledge(300_000, is_congested=True)
    viewer.sent_bps = 200_000
    viewer.acknowledge(*[200_000] * 6)

    viewer.padding_bps = 500_000
    viewer.acknowledge(*[600_000] * 4)

    assert viewer.budget_bps == 600_000


def test_congestion_under_a_probe_tells_what_the_path_carries() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)
    viewer.acknowledge(600_000, is_congested=True)
    assert viewer.budget_bps == 510_000
    viewer.sent_bps = 200_000
    viewer.acknowledge(*[200_000] * 6)

    viewer.padding_bps = 500_000
    viewer.acknowledge(480_000, is_congested=True)

    assert viewer.budget_bps == 480_000


def test_loss_at_a_limit_leaves_what_came_through_when_it_happened() -> None:
    viewer = AcknowledgingViewer(sent_bps=1_000_000)
    viewer.acknowledge(600_000, is_congested=True)
    viewer.sent_bps = 200_000
    viewer.acknowledge(*[200_000] * 6, 450_000, 200_000)

    viewer.lose(0.2)

    assert viewer.budget_bps == 450_000
