from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from liverelay.rtp.rtcp.reports import ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.report_estimate import Departure, ReportEstimator, Sending
from liverelay.sfu.sent_log import SentLogs

if TYPE_CHECKING:
    from liverelay.sfu.path_meter import PathSample

VIDEO, RTX = Ssrc(0xC0DE), Ssrc(0xC0DF)
SIZE = 1000


class Viewer:
    """Is sent a packet of 1000 bytes each 10 ms, 100 ms away, and 40 kbit/s of sound beside."""

    def __init__(self, *, begins: bool = True) -> None:
        self.sent = SentLogs()
        self.estimator = ReportEstimator(self.sent)
        self.count = 0
        self.repeated = 0
        self.now = 10.0
        self.sent.add(0, 0, 0, self.now)
        if begins:
            self.estimator.begin(self.now)

    def send(self, seconds: float, *, repeated: int = 0) -> None:
        sound = 0
        for _ in range(round(seconds * 100)):
            self.now += 0.01
            self.count += 1
            sound = int((self.now - 10.0) * 5_000)
            self.sent.add(self.count * SIZE + sound, self.repeated * SIZE, sound, self.now)
        self.repeated += repeated
        self.sent.add(self.count * SIZE + sound, self.repeated * SIZE, sound, self.now + 0.02)

    def block(self, number: int, lost: int = 0, *, departure: float | None = None) -> None:
        """Name the newest packet that has come; each was sent in its turn."""
        sent_at = 10.0 + number / 100 if departure is None else departure
        self.estimator.on_block(
            ReportBlock(VIDEO, 0, lost, number & 0xFFFFFFFF, 0, 0, 0),
            Sending(self.count, self.count * SIZE),
            Departure(sent_at, sent_at + 0.01),
        )

    def block_on_repair(self, number: int, lost: int = 0) -> None:
        self.estimator.on_block(
            ReportBlock(RTX, 0, lost, number, 0, 0, 0),
            Sending(self.repeated, self.repeated * SIZE),
            Departure(self.now - 0.1, None),
            is_repair=True,
        )

    def sample(self, sent_at: float | None = None, *, is_last: bool = False) -> PathSample | None:
        newest = self.now - 0.1 if sent_at is None else sent_at
        return self.estimator.take_sample(
            Departure(newest, None if is_last else newest + 0.01), self.now
        )

    def report(self, seconds: float, lost: int = 0) -> PathSample:
        """Let some time pass, and report on all that must have come in it."""
        self.send(seconds)
        self.block(self.count - 10, lost)
        sample = self.sample()
        assert sample is not None
        return sample


def well_known() -> Viewer:
    """Return one that has reported twice, so that the next report is about the time since."""
    viewer = Viewer()
    viewer.report(1.02)
    viewer.report(1.02)
    return viewer


def test_first_report_tells_of_all_since_the_start() -> None:
    sample = Viewer().report(1.0)

    assert sample.since == 10.0
    assert sample.loss == 0.0
    assert sample.arrived_bps == pytest.approx(840_000, rel=0.05)


def test_report_tells_what_came_since_the_one_before() -> None:
    viewer = well_known()

    sample = viewer.report(1.02, lost=25)

    assert sample.loss == pytest.approx(0.25, abs=0.01)
    assert sample.arrived_bps == pytest.approx(0.75 * 840_000, rel=0.03)
    assert sample.duration == pytest.approx(1.02)


def test_reports_that_come_too_often_are_taken_together() -> None:
    viewer = well_known()

    viewer.send(0.05)
    viewer.block(viewer.count - 10)

    assert viewer.sample() is None
    assert viewer.report(0.97).arrived_bps == pytest.approx(840_000, rel=0.03)


def test_report_that_another_has_overtaken_is_not_counted() -> None:
    viewer = well_known()
    viewer.block(60)

    assert viewer.report(1.02).arrived_bps == pytest.approx(840_000, rel=0.03)


@pytest.mark.parametrize("invention", [1 << 20, -(1 << 20)])
def test_report_that_is_no_progress_counts_for_nothing(invention: int) -> None:
    viewer = well_known()
    viewer.send(1.02)

    viewer.block(invention, departure=viewer.now - 0.1)

    sample = viewer.sample()
    assert sample is not None
    assert sample.arrived_bps < 60_000


def test_packets_wait_if_the_next_one_is_long_overdue() -> None:
    viewer = well_known()
    viewer.report(0.5)

    sample = None
    for _ in range(6):
        viewer.send(0.1)
        viewer.block(viewer.count - 40)
        sample = viewer.sample(viewer.now - 0.4)

    assert sample is not None
    assert sample.queue == pytest.approx(0.29, abs=0.02)


def test_answer_to_our_first_report_tells_how_long_an_empty_path_takes() -> None:
    viewer = Viewer()
    viewer.estimator.on_round_trip(0.1, 10.2)
    sample = None
    for _ in range(8):
        viewer.send(0.2)
        viewer.block(max(1, viewer.count - 40))
        sample = viewer.sample(viewer.now - 0.4) or sample

    assert sample is not None
    assert sample.queue == pytest.approx(0.29, abs=0.02)


def test_where_nothing_is_under_way_all_has_come() -> None:
    viewer = well_known()
    viewer.send(1.02)
    viewer.block(250)

    sample = viewer.sample(12.5, is_last=True)

    assert sample is not None
    assert sample.until == pytest.approx(viewer.now - 0.1)


def test_repair_stream_counts_with_the_media() -> None:
    viewer, sample = Viewer(), None
    for _ in range(3):
        viewer.send(1.02, repeated=50)
        viewer.block(viewer.count - 10)
        viewer.block_on_repair(viewer.repeated)

        sample = viewer.sample()

    assert sample is not None
    assert sample.arrived_bps == pytest.approx(1_240_000, rel=0.05)


def test_repair_stream_that_is_never_reported_is_taken_to_fare_like_the_media() -> None:
    viewer = well_known()
    viewer.send(0.54, repeated=50)

    sample = viewer.report(0.5)

    assert sample.arrived_bps > 1_100_000


def test_what_is_not_reported_does_not_count_where_much_is_lost() -> None:
    viewer = well_known()
    viewer.send(0.54, repeated=50)

    sample = viewer.report(0.5, lost=30)

    assert sample.arrived_bps < 0.75 * 840_000


def test_report_on_sound_alone_tells_nothing_while_there_is_video() -> None:
    viewer = well_known()
    viewer.send(0.5)

    assert viewer.sample() is None
    assert viewer.report(0.5).arrived_bps == pytest.approx(840_000, rel=0.03)


def test_loss_before_a_pause_that_is_reported_after_it_is_not_of_now() -> None:
    viewer = well_known()
    viewer.send(3.5)

    viewer.block(viewer.count - 10, lost=150)

    sample = viewer.sample()
    assert sample is not None
    assert sample.loss == 0.0


def test_loss_of_what_was_sent_before_a_limit_is_not_of_now() -> None:
    viewer = well_known()
    viewer.estimator.fresh_since = viewer.now + 0.2

    assert viewer.report(1.02, lost=50).loss == 0.0


def test_loss_of_a_packet_that_nobody_remembers_is_not_of_now() -> None:
    viewer = well_known()
    viewer.send(1.02)

    viewer.estimator.on_block(
        ReportBlock(VIDEO, 0, 50, 290, 0, 0, 0), Sending(306, 306 * SIZE), None
    )

    sample = viewer.sample()
    assert sample is not None
    assert sample.loss == 0.0


def test_first_report_after_a_path_was_left_is_where_counting_begins() -> None:
    viewer = Viewer(begins=False)
    viewer.send(1.02)
    viewer.block(5_000, lost=4_000, departure=viewer.now - 0.1)
    assert viewer.sample() is None

    viewer.send(1.02)
    viewer.block(5_100, lost=4_000, departure=viewer.now - 0.1)

    sample = viewer.sample()
    assert sample is not None
    assert math.isclose(sample.loss, 0.0)
    assert sample.arrived_bps == pytest.approx(840_000, rel=0.03)
