from __future__ import annotations

import pytest

from liverelay.loadtest.source import (
    AUDIO_PAYLOAD_TYPE,
    VIDEO_PAYLOAD_TYPE,
    MediaSource,
    VideoShape,
    read_stamp,
)
from liverelay.rtp.extensions import find_element
from liverelay.rtp.packet import RtpHeader, parse_header
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.reports import SenderReport


def started(shape: VideoShape | None = None) -> MediaSource:
    source = MediaSource(shape or VideoShape())
    source.start(10.0)
    return source


def play(source: MediaSource, until: float) -> list[tuple[float, bytes]]:
    """Return every packet until then, with the time of it."""
    played = []
    while source.deadline() < until:
        now = source.deadline()
        played += [(now, packet) for packet in source.take(now)]
    return played


def headers(played: list[tuple[float, bytes]], payload_type: int) -> list[RtpHeader]:
    parsed = [parse_header(packet) for _, packet in played]
    return [header for header in parsed if header.payload_type == payload_type]


def test_a_second_has_thirty_frames_one_of_them_a_keyframe() -> None:
    played = play(started(), until=11.5)

    video = headers(played, VIDEO_PAYLOAD_TYPE)
    frames = {header.rtp_timestamp for header in video}
    sizes = [sum(h.rtp_timestamp == frame for h in video) for frame in sorted(frames)]
    assert sizes[0] == 60
    assert set(sizes[1:-1]) == {8}
    assert sum(header.marker for header in video) in (len(frames), len(frames) - 1)


def test_audio_is_fifty_packets_a_second() -> None:
    audio = headers(play(started(), until=12.0), AUDIO_PAYLOAD_TYPE)

    assert len(audio) in (100, 101)
    assert audio[1].rtp_timestamp - audio[0].rtp_timestamp == 960


def test_numbers_have_no_gaps() -> None:
    video = headers(play(started(), until=12.0), VIDEO_PAYLOAD_TYPE)

    numbers = [header.sequence_number for header in video]
    assert all((b - a) & 0xFFFF == 1 for a, b in zip(numbers, numbers[1:], strict=False))


def test_a_frame_is_paced_and_no_burst_is_larger_than_its_share() -> None:
    played = play(started(), until=11.0)

    bursts = [sum(time == other for other, _ in played) for time, _ in played]
    assert max(bursts) <= VideoShape().burst + 1  # one of audio


def test_a_keyframe_is_sent_when_it_is_asked_for_and_not_twice_at_once() -> None:
    source = started()
    play(source, until=11.0)

    source.request_keyframe()
    source.request_keyframe()
    play(source, until=11.2)
    source.request_keyframe()
    play(source, until=11.4)

    assert source.keyframes == 2


def test_the_stamp_says_when_a_packet_was_made() -> None:
    played = play(started(), until=10.5)

    assert all(read_stamp(packet) == time for time, packet in played)
    assert read_stamp(bytes(1000)) is None
    assert read_stamp(b"") is None


def test_transport_wide_numbers_count_both_streams() -> None:
    source = started()
    source.transport_cc_id = 3

    packets = [packet for _, packet in play(source, until=10.5)]

    values = []
    for packet in packets:
        element = find_element(packet, parse_header(packet), 3)
        assert element is not None
        values.append(int.from_bytes(packet[element.offset : element.end]))
    assert values == list(range(len(packets)))


def test_lost_packets_are_kept_for_a_while() -> None:
    source = started()
    packets = [p for _, p in play(source, until=14.0) if p[1] & 0x7F == VIDEO_PAYLOAD_TYPE]
    numbers = [parse_header(packet).sequence_number for packet in packets]

    assert source.lost(numbers[-3:]) == packets[-3:]
    assert source.lost(numbers[:3]) == []


def test_a_source_that_was_held_up_does_not_send_all_of_it_at_once() -> None:
    source = started()

    packets = source.take(15.0)

    assert len(packets) < 300
    assert source.deadline() <= 15.0 + 1 / 30


def test_reports_count_what_was_sent() -> None:
    source = started()
    played = play(source, until=11.0)

    reports = [parse_compound(report)[0] for report in source.reports(ntp_time=7)]

    assert all(isinstance(report, SenderReport) for report in reports)
    counts = [report.packet_count for report in reports if isinstance(report, SenderReport)]
    assert sum(counts) == len(played) == sum(source.packets.values())


@pytest.mark.parametrize("bitrate_bps", [100_000, 500_000, 2_000_000, 10_000_000])
def test_a_bitrate_is_met(bitrate_bps: int) -> None:
    shape = VideoShape.of_bitrate(bitrate_bps)

    assert shape.packets_per_frame * shape.packet_size * 8 * 30 == pytest.approx(bitrate_bps, 0.02)
    assert shape.packet_size <= 1100
