from random import Random

import pytest

from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.sfu.arrivals import ArrivalRecorder
from tests.support.packets import MEDIA, SENDER


def taken(recorder: ArrivalRecorder, now: float) -> list[TransportFeedback]:
    reports = []
    for data in recorder.take_feedback(SENDER, MEDIA, now):
        (packet,) = parse_compound(data)
        assert isinstance(packet, TransportFeedback)
        reports.append(packet)
    return reports


def received(report: TransportFeedback) -> list[int]:
    return [
        (report.base_sequence_number + index) & 0xFFFF
        for index, arrival in enumerate(report.arrivals)
        if arrival is not None
    ]


def test_report_covers_what_arrived_and_what_is_missing_across_the_wrap() -> None:
    recorder = ArrivalRecorder()
    for index, number in enumerate((65534, 65535, 1, 2)):
        recorder.on_packet(number, now=10.0 + index / 1000)

    (report,) = taken(recorder, now=10.1)

    assert report.base_sequence_number == 65534
    assert received(report) == [65534, 65535, 1, 2]
    assert len(report.arrivals) == 5
    first = report.arrivals[0]
    assert first is not None
    assert report.arrivals == (first, first + 4, None, first + 8, first + 12)


def test_nothing_new_is_not_reported() -> None:
    recorder = ArrivalRecorder()

    assert taken(recorder, now=10.0) == []
    recorder.on_packet(1, now=10.0)
    assert len(taken(recorder, now=10.1)) == 1
    recorder.on_packet(1, now=10.15)
    assert taken(recorder, now=10.2) == []


def test_reports_count_up_and_follow_each_other() -> None:
    recorder = ArrivalRecorder()
    reports = []
    for number in range(300):
        recorder.on_packet(number, now=10.0 + number / 100)
        reports += taken(recorder, now=10.0 + number / 100)

    assert [report.feedback_count for report in reports] == [n & 0xFF for n in range(300)]
    assert [received(report) for report in reports[-2:]] == [[298], [299]]


def test_packets_lost_between_two_reports_are_reported_missing() -> None:
    recorder = ArrivalRecorder()
    for number in range(1, 6):
        recorder.on_packet(number, now=10.0)
    taken(recorder, now=10.1)

    for number in (16, 17, 18):
        recorder.on_packet(number, now=10.15)
    (report,) = taken(recorder, now=10.2)

    assert report.base_sequence_number == 6
    assert received(report) == [16, 17, 18]
    assert len(report.arrivals) == 13


def test_every_packet_is_in_some_report_whatever_is_lost_and_overtaken() -> None:
    random = Random(1)
    recorder = ArrivalRecorder()
    arrivals = sorted(
        (10.0 + number / 100 + random.random() * 0.15, number)
        for number in range(3_000)
        if random.random() < 0.8 and not 500 <= number < 560
    )
    reports, due = [], 10.1
    for now, number in arrivals:
        while now >= due:
            reports += taken(recorder, now=due)
            due += 0.1
        recorder.on_packet(number, now)
    reports += taken(recorder, now=due)

    numbers = [number for _, number in arrivals]
    covered = {
        report.base_sequence_number + index
        for report in reports
        for index in range(len(report.arrivals))
    }
    assert covered == set(range(min(numbers), max(numbers) + 1))
    assert {number for report in reports for number in received(report)} == set(numbers)


def test_late_packet_is_reported_with_the_ones_around_it() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 2, 4, 5):
        recorder.on_packet(number, now=10.0)
    taken(recorder, now=10.1)

    recorder.on_packet(3, now=10.15)
    recorder.on_packet(6, now=10.15)
    (report,) = taken(recorder, now=10.2)

    assert received(report) == [3, 4, 5, 6]


def test_arrivals_of_long_ago_are_not_repeated() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 3):
        recorder.on_packet(number, now=10.0)
    taken(recorder, now=10.1)

    recorder.on_packet(2, now=20.0)
    (report,) = taken(recorder, now=20.1)

    assert received(report) == [2]


def test_many_packets_are_split_into_reports_that_fit_a_datagram() -> None:
    recorder = ArrivalRecorder()
    for number in range(1200):
        # Far enough apart for large deltas.
        recorder.on_packet(number, now=10.0 + number * 0.1 % 1.0)

    reports = taken(recorder, now=10.9)

    assert [len(report.arrivals) for report in reports] == [500, 500, 200]
    assert all(len(report.serialize()) < 1200 for report in reports)


def test_long_loss_is_reported_before_what_came_after_it() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 2_000, *range(2_600, 3_200)):
        recorder.on_packet(number, now=10.0)

    reports = taken(recorder, now=10.1)

    assert [report.base_sequence_number for report in reports] == [1, 501, 2_500, 3_100]
    assert [len(report.arrivals) for report in reports] == [500, 1_999, 600, 100]
    assert [number for report in reports for number in received(report)] == [
        1,
        2_000,
        *range(2_600, 3_200),
    ]


@pytest.mark.parametrize("reported_between", [False, True])
def test_jump_in_the_numbers_does_not_make_a_long_report(reported_between: bool) -> None:
    recorder = ArrivalRecorder()
    recorder.on_packet(1, now=10.0)
    reports = taken(recorder, now=10.1) if reported_between else []
    recorder.on_packet(30_000, now=10.11)

    reports += taken(recorder, now=10.2)

    assert received(reports[-1]) == [30_000]
    assert len(reports[-1].arrivals) == 1
