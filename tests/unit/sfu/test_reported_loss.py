import pytest

from liverelay.rtp.rtcp.reports import ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.reported_loss import ReportedLoss


def report(highest_sequence: int, cumulative_lost: int, fraction_lost: int = 0) -> ReportBlock:
    return ReportBlock(Ssrc(1), fraction_lost, cumulative_lost, highest_sequence, 0, 0, 0)


def taken_after(first: ReportBlock, second: ReportBlock) -> float | None:
    loss = ReportedLoss()
    loss.take(first, now=10.0)
    return loss.take(second, now=11.0)


def test_first_report_speaks_for_itself() -> None:
    assert ReportedLoss().take(report(100, 30, fraction_lost=64), now=10.0) == 0.25


def test_loss_is_that_of_the_time_between() -> None:
    assert taken_after(report(100, 30), report(200, 50, fraction_lost=255)) == 0.2


def test_reports_in_front_of_nacks_are_taken_together() -> None:
    loss = ReportedLoss()
    loss.take(report(100, 0), now=10.0)

    assert loss.take(report(102, 1, fraction_lost=128), now=10.02) is None
    assert loss.take(report(200, 10, fraction_lost=0), now=11.0) == 0.1


@pytest.mark.parametrize(
    ("second", "share"),
    [
        pytest.param(report(100, 30), 0.0, id="nothing was to come"),
        pytest.param(report(200, 20), 0.0, id="duplicates"),
        pytest.param(report(110, 900), 1.0, id="more than there was"),
        pytest.param(report(50, 900), 0.0, id="backwards"),
    ],
)
def test_odd_reports_are_within_bounds(second: ReportBlock, share: float) -> None:
    assert taken_after(report(100, 30), second) == share


def test_numbers_wrap() -> None:
    assert taken_after(report(0xFFFFFFF6, 0), report(10, 5)) == 0.25


def test_what_is_reported_after_an_interruption_is_forgiven_for_a_while() -> None:
    loss = ReportedLoss()
    loss.take(report(100, 0), now=10.0)
    loss.forgive(now=20.0)

    assert loss.take(report(800, 500), now=20.5) is None
    assert loss.take(report(900, 600), now=21.9) is None
    assert loss.take(report(1000, 610), now=22.9) == 0.1
