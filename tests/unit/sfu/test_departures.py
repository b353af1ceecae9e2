from __future__ import annotations

import pytest

from liverelay.rtp.extensions import find_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.transport_cc import CLOCK_TICKS, MAX_REPORTED, TransportFeedback
from liverelay.sfu.commands import Template
from liverelay.sfu.departures import Arrival, DepartureRecorder, reserve_number
from tests.support.packets import MEDIA, SENDER, rtp

EXTENSION_ID = 3


def prepared(payload: bytes = b"media") -> Template:
    packet = bytearray(rtp(payload))
    reserve_number(packet, EXTENSION_ID)
    return Template(packet, 0, 0)


def departed(*sent_at: float) -> DepartureRecorder:
    """Return a recorder of packets of five bytes of payload, which are numbered from 0."""
    recorder = DepartureRecorder(EXTENSION_ID)
    for now in sent_at:
        recorder.stamp([prepared()], now)
    return recorder


def feedback(base: int, *arrivals: int | None) -> TransportFeedback:
    return TransportFeedback(SENDER, MEDIA, 0, base, arrivals)


def number_of(template: Template) -> int | None:
    element = find_element(template.packet, parse_header(template.packet), EXTENSION_ID)
    return element and int.from_bytes(template.packet[element.offset : element.end])


def test_numbers_go_on_from_burst_to_burst_and_wrap() -> None:
    recorder = DepartureRecorder(EXTENSION_ID)
    bursts = [[prepared(), prepared()], [prepared()]]
    for burst in bursts:
        recorder.stamp(burst, now=1.0)

    assert [number_of(each) for burst in bursts for each in burst] == [0, 1, 2]
    recorder.stamp([prepared()] * (0x10000 - 3), now=2.0)
    last = prepared()
    recorder.stamp([last], now=3.0)
    assert number_of(last) == 0
    recorder.take(feedback(0xFFFE, 0))
    assert recorder.take(feedback(0xFFFF, 0, 4000)) == [Arrival(2.0, 0.0, 5), Arrival(3.0, 1.0, 5)]


def test_packet_without_room_for_a_number_takes_none() -> None:
    recorder = DepartureRecorder(EXTENSION_ID)
    bare, following = Template(bytearray(rtp()), 0, 0), prepared()

    recorder.stamp([bare, following], now=1.0)

    assert [number_of(bare), number_of(following)] == [None, 0]


def test_each_packet_counts_once_however_often_it_is_reported() -> None:
    recorder = departed(1.0, 1.1)
    recorder.take(feedback(0, 4000, 4400))

    assert recorder.take(feedback(0, 4000, 4400)) == []
    assert (recorder.packets_received, recorder.packets_lost) == (2, 0)


def test_missing_packet_is_lost_when_it_has_had_time_to_come() -> None:
    recorder = departed(1.0, 1.1, 1.2, 1.3)

    recorder.take(feedback(0, None, 4400))
    assert (recorder.packets_received, recorder.packets_lost) == (1, 0)
    recorder.take(feedback(2, None, 5200))

    assert (recorder.packets_received, recorder.packets_lost) == (2, 1)
    assert recorder.take(feedback(0, 5300)) == []


def test_packet_that_comes_late_was_not_lost() -> None:
    recorder = departed(1.0, 1.1, 1.5)
    recorder.take(feedback(0, None, 4400))

    assert recorder.take(feedback(0, 4500, None, 6000)) == [
        Arrival(1.0, 1.125, 5),
        Arrival(1.5, 1.5, 5),
    ]
    assert (recorder.packets_received, recorder.packets_lost) == (3, 0)


def test_viewers_clock_goes_on_when_it_begins_anew() -> None:
    recorder = departed(1.0, 1.1, 1.2)

    first, second, third = recorder.take(feedback(0, CLOCK_TICKS - 400, 400, CLOCK_TICKS - 400))

    assert second.arrived_at - first.arrived_at == pytest.approx(0.2)
    assert third.arrived_at == first.arrived_at


def test_what_no_report_is_about_fared_like_the_packets_after_it() -> None:
    recorder = departed(1.0, 1.1, 1.2, 1.3)
    half = departed(1.0, 1.1, 1.2, 1.3)

    assert half.take(feedback(2, 4800, None)) == [Arrival(1.2, 1.2, 10)]
    assert recorder.take(feedback(2, 4800, 5200)) == [Arrival(1.2, 1.2, 15), Arrival(1.3, 1.3, 5)]
    assert recorder.take(feedback(0, 4000, 4400)) == []
    assert (recorder.packets_received, recorder.packets_lost) == (2, 0)


def test_what_was_not_sent_is_not_taken_in() -> None:
    recorder = departed(1.0)

    assert recorder.take(feedback(1, 4000, None)) == []
    assert recorder.take(feedback(0x8000, *[None] * 5)) == []
    assert (recorder.packets_received, recorder.packets_lost) == (0, 0)


def test_departures_that_nobody_reports_on_are_forgotten() -> None:
    recorder = departed(1.0)
    recorder.take(feedback(0, None))

    recorder.stamp([prepared() for _ in range(MAX_REPORTED)], now=2.0)

    assert recorder.take(feedback(0, 4000, 8000)) == [Arrival(2.0, 2.0, 5)]
    assert recorder.packets_lost == 0


def test_what_was_under_way_on_another_path_neither_came_nor_was_lost() -> None:
    recorder = departed(1.0, 1.1, 1.2)
    recorder.take(feedback(0, None))

    recorder.forget()
    recorder.stamp([prepared()], now=5.0)

    assert recorder.take(feedback(1, None, 0, 4000)) == [Arrival(5.0, 1.0, 5)]
    assert (recorder.packets_received, recorder.packets_lost) == (1, 0)
