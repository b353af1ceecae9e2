"""What samples of a path do to the budget of the viewer behind it."""

from __future__ import annotations

import pytest

from liverelay.sfu.bandwidth import BandwidthEstimator
from liverelay.sfu.path_meter import PathSample
from liverelay.sfu.sent_log import SentLogs

# What a second of arrivals proves: a little less than came, as reports are late by more or less.
PROVEN = 1 / 1.05


class Path:
    """A path over which a steady rate is sent, and which is sampled once a second."""

    def __init__(self, sent_bps: float = 1_000_000) -> None:
        self.sent = SentLogs()
        self.estimator = BandwidthEstimator(self.sent)
        self.now = 10.0
        self.sent_bps = sent_bps
        self.padding_bps = 0.0
        self._media = self._padding = 0.0
        self.sent.add(0, 0, 0, self.now)
        self.pass_time(1.0)

    @property
    def budget_bps(self) -> float | None:
        return self.estimator.budget_bps

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            self.now += 0.05
            self._media += self.sent_bps * 0.05 / 8
            self._padding += self.padding_bps * 0.05 / 8
            if self.padding_bps:
                self.estimator.on_probe(self.now)
            self.sent.add(int(self._media), int(self._padding), 0, self.now)

    def sample(
        self,
        arrived_bps: float,
        *,
        progress: float = 1.0,
        loss: float = 0.0,
        queue: float = 0.0,
        duration: float = 1.0,
    ) -> float | None:
        """Take what came in the second since the last call; return the budget."""
        self.pass_time(1.0)
        since = self.now - duration
        self.estimator.on_sample(
            PathSample(since, self.now, duration, arrived_bps, progress, loss, queue), self.now
        )
        return self.budget_bps


def limited(bitrate_bps: float = 300_000) -> Path:
    """Return a path that is known to carry so much, and is sent less."""
    path = Path()
    path.sample(bitrate_bps, loss=0.7, queue=0.2)
    path.sent_bps = bitrate_bps / 2
    path.sample(bitrate_bps / 2)
    return path


def test_path_that_carries_all_has_no_limit() -> None:
    path = Path()

    assert path.sample(1_000_000) is None
    assert path.estimator.available_bps == 1_500_000


def test_what_is_available_is_at_first_what_the_viewer_says() -> None:
    path = Path()
    assert path.estimator.available_bps is None

    path.estimator.on_estimate(700_000)

    assert path.estimator.available_bps == 700_000


def test_what_is_available_after_a_limit_is_no_less_than_was_proven() -> None:
    path = limited(900_000)
    budget = path.budget_bps
    path.estimator.on_estimate(700_000)

    path.estimator.release()

    assert path.budget_bps is None
    assert path.estimator.available_bps == budget


def test_much_less_through_a_queue_is_the_limit_at_once() -> None:
    assert Path().sample(600_000, progress=0.6, queue=0.2) == pytest.approx(600_000 * PROVEN)


def test_short_time_proves_less() -> None:
    path = Path()

    path.sample(600_000, progress=0.6, queue=0.2, duration=0.2)

    assert path.budget_bps == pytest.approx(600_000 * 0.8)


def test_queue_that_fills_up_and_overflows_is_the_limit_before_it_is_seen_to_stand() -> None:
    assert Path().sample(700_000, progress=0.8, loss=0.1) is not None


@pytest.mark.parametrize(("loss", "is_limit"), [(0.25, True), (0.15, False)])
def test_queue_that_overflows_a_lot_is_the_limit_sooner(loss: float, is_limit: bool) -> None:
    budget = Path().sample(700_000, progress=0.8, loss=loss, duration=0.6)

    assert (budget is not None) is is_limit


def test_a_little_less_through_a_queue_is_the_limit_after_a_second() -> None:
    path = Path()

    assert path.sample(960_000, progress=0.96, queue=0.15) is None
    assert path.sample(960_000, progress=0.96, queue=0.18) == pytest.approx(960_000 * PROVEN)


def test_a_little_less_is_the_limit_at_once_if_the_viewer_says_so_too() -> None:
    path = Path()
    path.estimator.on_estimate(800_000)

    assert path.sample(960_000, progress=0.96, queue=0.15) is not None


def test_queue_that_a_keyframe_makes_and_that_goes_is_no_limit() -> None:
    path = Path()

    path.sample(960_000, progress=0.96, queue=0.15)
    path.sample(1_000_000, queue=0.15)

    assert path.sample(960_000, progress=0.96, queue=0.15) is None


def test_loss_on_a_radio_link_is_no_limit() -> None:
    path = Path()

    for _ in range(5):
        assert path.sample(700_000, loss=0.3) is None


def test_heavy_loss_without_a_queue_has_to_last() -> None:
    path = Path()

    assert path.sample(500_000, loss=0.5) is None
    assert path.sample(500_000, loss=0.5) == pytest.approx(500_000 * PROVEN)


def test_loss_of_almost_all_is_the_limit_at_once() -> None:
    assert Path().sample(300_000, loss=0.7) == pytest.approx(300_000 * PROVEN)


def test_loss_that_is_always_there_is_the_links_own() -> None:
    path = limited()
    for _ in range(30):
        path.sample(120_000, loss=0.2)
    budget = path.budget_bps

    path.sample(110_000, loss=0.2)
    path.sample(110_000, loss=0.28)

    assert path.budget_bps == budget


def test_loss_at_a_limit_lowers_it_sooner() -> None:
    path = limited()

    path.sample(130_000, loss=0.15)
    path.sample(130_000, loss=0.15)

    # But for a hundredth that has been learned meanwhile.
    assert path.budget_bps == pytest.approx(130_000 / 0.99 * PROVEN)


def test_loss_that_does_not_go_when_less_is_sent_is_the_links_own() -> None:
    path = Path()
    for _ in range(2):
        path.sample(600_000, loss=0.45)
    lowered = path.budget_bps

    for _ in range(5):
        path.sample(330_000, loss=0.4)

    assert lowered == pytest.approx(600_000 / 0.99 * PROVEN, rel=0.02)
    assert path.estimator.usual_loss == pytest.approx(0.4, abs=0.01)
    # As if the link lost nothing: budgets are of what is sent.
    path.sample(480_000, loss=0.4)
    assert path.budget_bps == pytest.approx(480_000 / 0.6 * PROVEN, rel=0.02)


def test_more_loss_than_before_less_was_sent_is_not_the_links_own() -> None:
    path = Path()
    for _ in range(2):
        path.sample(600_000, loss=0.45)
    for _ in range(3):
        path.sample(330_000, loss=0.4)

    path.sample(100_000, loss=0.8)

    assert path.budget_bps is not None
    assert path.budget_bps < 200_000


def test_what_was_sent_before_a_limit_does_not_lower_it_further() -> None:
    path = Path()
    path.sample(300_000, loss=0.7, queue=0.2)

    path.sample(100_000, loss=0.7, queue=0.2, duration=2.0)

    assert path.budget_bps == pytest.approx(300_000 * PROVEN)


def test_budget_rises_by_what_has_come() -> None:
    path = limited()

    assert path.sample(400_000) == pytest.approx(400_000 * PROVEN)
    assert path.sample(200_000) == pytest.approx(400_000 * PROVEN)


def test_burst_proves_nothing() -> None:
    path = limited()
    budget = path.budget_bps

    assert path.sample(800_000, duration=0.3) == budget


def test_queue_under_a_probe_is_a_warning_and_no_fault_of_the_media() -> None:
    path = limited()
    path.estimator.on_probe_begun(path.now)
    path.padding_bps = 200_000

    path.sample(280_000, progress=0.9, queue=0.1)

    assert path.estimator.warned_at == path.now
    assert path.budget_bps == pytest.approx(280_000)


def test_probe_that_fills_a_path_lowers_a_budget_that_was_too_high() -> None:
    path = limited()
    path.estimator.assume(600_000)
    path.estimator.on_probe_begun(path.now)
    path.padding_bps = 400_000

    assert path.sample(290_000, progress=0.7, queue=0.2) == pytest.approx(290_000)


def test_moment_of_a_probe_that_fills_a_path_says_nothing_of_how_much_it_carries() -> None:
    path = limited()
    path.estimator.assume(600_000)
    path.estimator.on_probe_begun(path.now)
    path.padding_bps = 400_000

    assert path.sample(290_000, progress=0.7, queue=0.2, duration=0.3) == pytest.approx(600_000)


def test_path_that_does_not_carry_the_media_beside_a_probe_lowers_the_budget() -> None:
    path = limited()
    path.estimator.on_probe_begun(path.now)
    path.padding_bps = 100_000

    assert path.sample(60_000, progress=0.4, queue=0.3) == pytest.approx(60_000 * PROVEN)


def test_budget_can_be_assumed_where_there_is_a_limit() -> None:
    path = Path()
    path.estimator.assume(500_000)
    assert path.budget_bps is None

    path = limited()
    path.estimator.assume(500_000)
    path.estimator.assume(400_000)

    assert path.budget_bps == 500_000


def test_viewer_that_gets_nothing_keeps_a_little_to_live_on() -> None:
    assert Path().sample(0, loss=1.0) == 10_000


def test_what_may_be_sent_makes_no_queue_of_more_than_120_ms() -> None:
    path = limited()

    assert path.estimator.harmless_octets(300_000, path.now) == pytest.approx(300_000 / 8 * 0.12)
    path.pass_time(0.5)
    left = 300_000 / 8 * 0.62 - 150_000 / 8 * 0.5
    assert path.estimator.harmless_octets(300_000, path.now) == pytest.approx(left, rel=0.05)


def test_nothing_may_be_sent_before_it_is_known_what_was() -> None:
    assert BandwidthEstimator(SentLogs()).harmless_octets(300_000, 10.0) == 0.0


def test_limit_that_is_no_lower_changes_nothing() -> None:
    path = limited()
    budget, lowered_at = path.budget_bps, path.estimator.lowered_at

    path.sample(400_000, progress=0.6, queue=0.2)

    assert path.estimator.lowered_at == lowered_at
    assert path.budget_bps != budget
