"""A live room, as its viewers see it."""

import struct

import pytest

from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.rtp.rtcp.reports import Goodbye, ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.drops import DropReason
from liverelay.sfu.types import SessionId
from tests.support.network import Conditions
from tests.support.packets import rtp
from tests.support.parameters import watched_audio, watched_video
from tests.support.scenario import (
    AUDIO_RATE,
    NTP_EPOCH,
    VIDEO_RATE,
    Numbers,
    Received,
    Scenario,
)

VIDEO = 0xC0DE
RTX = 0xC0DF
AUDIO = 0xA0DE

# Nothing is under way when a test looks.
AT_ONCE = Conditions(delay=0.0)


def gaps(packets: list[Received]) -> list[int]:
    numbers = [packet.sequence_number for packet in packets]
    steps = [(b - a) & 0xFFFF for a, b in zip(numbers, numbers[1:], strict=False)]
    return [step for step in steps if step != 1]


def steps_back(packets: list[Received]) -> list[int]:
    stamps = [packet.rtp_timestamp for packet in packets]
    steps = [(b - a) & 0xFFFFFFFF for a, b in zip(stamps, stamps[1:], strict=False)]
    return [step for step in steps if step >= 0x80000000]


def is_keyframe(packet: Received) -> bool:
    return packet.payload[:2] == b"\x10\x00"


def test_viewer_gets_every_packet_once_under_its_own_numbers() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish()

    scenario.run(5.0)

    video, audio = viewer.stream(VIDEO), viewer.stream(AUDIO)
    assert len(video) == pytest.approx(5 * 30 * 4, abs=8)
    assert len(audio) == pytest.approx(5 * 50, abs=3)
    assert gaps(video) == gaps(audio) == []
    assert {packet.payload_type for packet in viewer.packets} == {120, 109}
    assert publisher.keyframes_sent == 1


def test_late_joiner_starts_at_a_keyframe_it_asked_for() -> None:
    scenario = Scenario()
    publisher = scenario.publish()
    scenario.run(3.0)

    viewer = scenario.watch()
    scenario.run(1.0)

    assert is_keyframe(viewer.stream(VIDEO)[0])
    assert viewer.stream(VIDEO)[0].at - publisher.plis[0] < 0.1
    assert gaps(viewer.stream(VIDEO)) == []


def test_hundred_viewers_joining_at_once_cost_one_pli() -> None:
    scenario = Scenario()
    publisher = scenario.publish()
    scenario.run(3.0)

    viewers = [scenario.watch(f"viewer {index}") for index in range(100)]
    scenario.run(1.0)

    assert len(publisher.plis) == 1
    assert all(is_keyframe(viewer.stream(VIDEO)[0]) for viewer in viewers)


def test_hundred_viewers_asking_for_a_picture_cost_one_pli() -> None:
    scenario = Scenario()
    viewers = [scenario.watch(f"viewer {index}") for index in range(100)]
    publisher = scenario.publish()
    scenario.run(3.0)

    for viewer in viewers:
        viewer.send_pli(VIDEO)
    scenario.run(1.0)

    assert len(publisher.plis) == 1


def test_padding_only_packets_leave_no_gap() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish().sends_padding = True

    scenario.run(5.0)

    assert gaps(viewer.stream(VIDEO)) == []
    assert all(packet.payload for packet in viewer.stream(VIDEO))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_padding_among_reordered_packets_leaves_no_gap(seed: int) -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(conditions=Conditions(spread=0.005), name="p" * seed)
    publisher.sends_padding = True

    scenario.run(5.0)

    # Without the edges: what overtook the keyframe was not for this viewer yet, and at the end
    # some are still under way.
    assert gaps(viewer.in_order(VIDEO)[1:-10]) == []


@pytest.mark.parametrize("pause", [0.0, 0.5, 30.0])
def test_stream_is_continuous_when_the_publisher_goes_and_returns(pause: float) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    first = scenario.publish(conditions=AT_ONCE)
    scenario.run(5.0)
    scenario.unpublish(first)
    scenario.run(pause)
    before = len(viewer.stream(VIDEO))

    scenario.publish(
        numbers=Numbers(video_ssrc=77, audio_ssrc=88, sequence_number=9, rtp_timestamp=5)
    )
    scenario.run(5.0)

    video, audio = viewer.stream(VIDEO), viewer.stream(AUDIO)
    assert gaps(video) == gaps(audio) == []
    assert steps_back(video) == steps_back(audio) == []
    assert is_keyframe(video[before])
    assert len(video) > before + 500


def test_pause_between_publishers_passes_in_timestamps_too() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    first = scenario.publish(conditions=AT_ONCE)
    scenario.run(5.0)
    scenario.unpublish(first)
    scenario.run(10.0)
    last = viewer.stream(VIDEO)[-1]
    before = len(viewer.stream(VIDEO))

    scenario.publish("another", Numbers(rtp_timestamp=123))
    scenario.run(1.0)

    resumed = viewer.stream(VIDEO)[before]
    advance = (resumed.rtp_timestamp - last.rtp_timestamp) & 0xFFFFFFFF
    assert advance / VIDEO_RATE == pytest.approx(resumed.at - last.at, abs=0.01)


def test_stream_is_continuous_when_the_publisher_changes_its_ssrc() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    publisher = scenario.publish(conditions=AT_ONCE)
    scenario.run(2.0)
    before = len(viewer.stream(VIDEO))

    publisher.numbers = Numbers(video_ssrc=0x9999, rtp_timestamp=7)
    scenario.run(2.0)

    assert gaps(viewer.stream(VIDEO)) == []
    assert steps_back(viewer.stream(VIDEO)) == []
    assert is_keyframe(viewer.stream(VIDEO)[before])


def test_stream_goes_on_when_the_same_ssrc_returns_after_goodbye() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    publisher = scenario.publish(conditions=AT_ONCE)
    scenario.run(2.0)
    before = len(viewer.stream(VIDEO))

    scenario.on_rtcp(publisher.session_id, Goodbye((Ssrc(0x1234),)).serialize())
    publisher._video_sequence = 3
    scenario.run(2.0)

    assert gaps(viewer.stream(VIDEO)) == []
    assert is_keyframe(viewer.stream(VIDEO)[before])


def test_viewers_move_to_the_publisher_that_takes_over() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    old = scenario.publish("old", conditions=AT_ONCE)
    scenario.run(1.0)
    scenario.publish("new", Numbers(video_ssrc=5, audio_ssrc=6))
    scenario.run(1.0)

    scenario.unpublish(old)
    left_at = scenario.clock.now
    scenario.run(1.0)

    video = viewer.stream(VIDEO)
    assert gaps(video) == []
    resumed = next(packet for packet in video if packet.at > left_at)
    assert is_keyframe(resumed)


@pytest.mark.parametrize("ntp_ahead", [0.0, -1e6])
def test_sender_reports_keep_sound_and_picture_on_the_publishers_line(ntp_ahead: float) -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(numbers=Numbers(ntp_ahead=ntp_ahead))
    scenario.run(7.0)

    for ssrc, rate in ((VIDEO, VIDEO_RATE), (AUDIO, AUDIO_RATE)):
        reports = viewer.sender_reports(ssrc)
        assert len(reports) >= 3
        for packet in viewer.stream(ssrc)[::50]:
            _, report = reports[-1]
            ticks = (report.rtp_timestamp - packet.rtp_timestamp) & 0xFFFFFFFF
            ticks = ticks - (1 << 32) if ticks >= 1 << 31 else ticks
            captured = report.ntp_time / (1 << 32) - ticks / rate - NTP_EPOCH - ntp_ahead
            sent_at = float(packet.payload[-10:])
            assert captured == pytest.approx(sent_at, abs=0.001)
    assert publisher.is_live


def test_sender_reports_come_at_once_when_a_viewer_joins_late() -> None:
    scenario = Scenario()
    scenario.publish()
    scenario.run(3.0)

    viewer = scenario.watch()
    scenario.run(0.2)

    assert len(viewer.sender_reports(VIDEO)) == len(viewer.sender_reports(AUDIO)) == 1


def test_sender_reports_count_what_the_viewer_was_sent() -> None:
    scenario = Scenario()
    scenario.publish(conditions=Conditions(delay=0.0))
    scenario.run(3.0)
    viewer = scenario.watch(conditions=Conditions(delay=0.0))
    scenario.run(5.0)

    at, report = viewer.sender_reports(VIDEO)[-1]

    seen = [packet for packet in viewer.stream(VIDEO) if packet.at <= at]
    assert report.packet_count == pytest.approx(len(seen), abs=4)
    assert report.octet_count == pytest.approx(sum(len(p.payload) for p in seen), abs=200)


@pytest.mark.parametrize("loss", [0.01, 0.1])
def test_losses_towards_a_viewer_are_repaired(loss: float) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=Conditions(loss=loss))
    viewer.sends_nacks = True
    scenario.publish()

    scenario.run(10.0)

    media = {packet.sequence_number for packet in viewer.stream(VIDEO)}
    repaired = {struct.unpack("!H", packet.payload[:2])[0] for packet in viewer.stream(RTX)}
    numbers = range(1, 30 * 4 * 9)
    missing = [number for number in numbers if number not in media | repaired]
    assert viewer.link.lost > 5
    assert len(missing) / len(numbers) < loss * loss * 2
    assert repaired.isdisjoint(media)


def test_repaired_packet_is_the_one_that_was_lost() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish()
    scenario.run(2.0)
    original = viewer.stream(VIDEO)[-1]

    viewer.send_nack(VIDEO, original.sequence_number)
    scenario.run(0.1)

    (repaired,) = viewer.stream(RTX)
    assert repaired.payload == struct.pack("!H", original.sequence_number) + original.payload
    assert repaired.rtp_timestamp == original.rtp_timestamp
    assert repaired.payload_type == 124


def test_packet_of_the_publisher_before_is_not_sent_again() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    first = scenario.publish()
    scenario.run(2.0)
    last = viewer.stream(VIDEO)[-1]
    scenario.unpublish(first)
    scenario.publish("another", Numbers(video_ssrc=5, audio_ssrc=6))
    scenario.run(1.0)

    viewer.send_nack(VIDEO, last.sequence_number)
    scenario.run(0.1)

    assert viewer.stream(RTX) == []


def test_flood_of_nacks_is_no_amplifier() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish()
    scenario.run(2.0)
    recent = [packet.sequence_number for packet in viewer.stream(VIDEO)[-170:]]

    for _ in range(1000):
        viewer.send_nack(VIDEO, *recent)
        scenario.run(0.01)

    sent = viewer.stream(RTX)
    assert len(sent) <= 3 * len(recent)
    assert sum(len(packet.payload) for packet in sent) < 1_000_000


def test_one_viewer_leaving_disturbs_nobody() -> None:
    scenario = Scenario()
    leaving, staying = scenario.watch("leaving"), scenario.watch("staying!")
    scenario.publish()
    scenario.run(2.0)

    scenario.leave(leaving)
    scenario.run(2.0)

    assert gaps(staying.stream(VIDEO)) == []
    assert staying.stream(VIDEO)[-1].at > scenario.clock.now - 0.1
    assert leaving.stream(VIDEO)[-1].at < scenario.clock.now - 1.9


def test_two_peers_of_a_call_get_each_other_and_not_themselves() -> None:
    scenario = Scenario()
    scenario.publish("anna", Numbers(video_ssrc=1, audio_ssrc=2))
    scenario.publish("ben", Numbers(video_ssrc=3, audio_ssrc=4, ntp_ahead=50.0))
    to_anna = scenario.watch("anna's second connection", peer="anna")
    to_ben = scenario.watch("ben's second connection", peer="ben")

    scenario.run(1.0)

    assert {packet.payload[-13:-10] for packet in to_anna.stream(VIDEO)} == {b"ben"}
    assert {packet.payload[-13:-10] for packet in to_ben.stream(VIDEO)} == {b"ann"}


def test_publisher_hears_how_its_streams_arrive() -> None:
    scenario = Scenario()
    publisher = scenario.publish(conditions=Conditions(loss=0.1))

    scenario.run(10.0)

    reports = [packet for _, packet in publisher.rtcp if isinstance(packet, ReceiverReport)]
    blocks = [block for report in reports for block in report.reports if block.ssrc == 0x1234]
    assert len(blocks) == pytest.approx(10, abs=2)
    assert sum(block.fraction_lost for block in blocks) / len(blocks) / 256 == pytest.approx(
        0.1, abs=0.04
    )
    heard_at = publisher.rtcp[-1][0]
    assert (blocks[-1].lsr + blocks[-1].dlsr) / 65536 == pytest.approx(
        (publisher.ntp_time(heard_at) >> 16 & 0xFFFFFFFF) / 65536, abs=0.01
    )


def test_statistics_say_what_went_where() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(conditions=Conditions(loss=0.05))
    scenario.run(5.0)
    viewer.send_pli(VIDEO)
    _, report = viewer.sender_reports(VIDEO)[-1]
    block = ReportBlock(Ssrc(VIDEO), 64, 12, 0, 900, report.ntp_time >> 16 & 0xFFFFFFFF, 0)
    scenario.on_rtcp(viewer.session_id, ReceiverReport(Ssrc(1), (block,)).serialize())

    video, audio = scenario.room.publication_statistics()
    watched = scenario.room.subscription_statistics()[0]

    (stream,) = video.streams
    assert stream.mime_type == "video/VP8"
    assert audio.streams[0].mime_type == "audio/opus"
    assert stream.packets_lost == pytest.approx(30, abs=20)
    assert stream.packets_received == watched.packets_sent
    assert stream.bytes_received == watched.bytes_sent
    assert (watched.packets_lost, watched.fraction_lost, watched.jitter) == (12, 0.25, 0.01)
    assert watched.round_trip_time is not None
    assert watched.keyframe_request_count == 1
    assert publisher.plis


def test_hostile_packets_cost_a_counter_only() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish()
    scenario.run(1.0)
    media_before = len(viewer.packets)

    for junk in (b"", b"\x80", b"\x80\xc8", bytes(1500), b"\xff" * 100, b"\x90" + bytes(11)):
        for session_id in (publisher.session_id, viewer.session_id, SessionId("stranger")):
            scenario.on_rtp(session_id, junk)
            scenario.on_rtcp(session_id, junk)
    scenario.on_rtp(publisher.session_id, rtp(ssrc=404, payload_type=50))
    scenario.on_rtp(viewer.session_id, rtp(ssrc=0x1234))
    scenario.on_rtcp(viewer.session_id, PictureLossIndication(Ssrc(1), Ssrc(404)).serialize())
    viewer.send_nack(404, 1, 2, 3)
    assert len(viewer.packets) == media_before

    scenario.run(1.0)

    assert gaps(viewer.stream(VIDEO)) == []
    assert set(scenario.room.drops) == {
        DropReason.MALFORMED_RTP,
        DropReason.MALFORMED_RTCP,
        DropReason.UNKNOWN_SSRC,
        DropReason.UNKNOWN_SESSION,
    }


def test_room_that_everybody_left_has_nothing_to_do() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish()
    scenario.run(2.0)

    scenario.unpublish(publisher)
    scenario.leave(viewer)

    assert scenario.room.deadline() is None
    assert scenario.room.publication_statistics() == []
    assert scenario.room.subscription_statistics() == []


def test_viewer_without_the_codec_gets_nothing_and_asks_for_nothing() -> None:
    scenario = Scenario()
    publisher = scenario.publish()
    other = watched_video(watched_audio().codecs[0])
    viewer = scenario.watch(video=other)

    scenario.run(3.0)

    assert viewer.stream(VIDEO) == []
    assert len(publisher.plis) <= 1
