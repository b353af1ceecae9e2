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


def test_jump_in_the_numbers_does_not_make_a_long_report() -> None:
    recorder = ArrivalRecorder()
    recorder.on_packet(1, now=10.0)
    recorder.on_packet(30_000, now=10.01)

    (report,) = taken(recorder, now=10.1)

    assert received(report) == [30_000]
