"""A live room, as its viewers and its publisher see it."""

import pytest

from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from tests.support.network import Conditions
from tests.support.observations import AUDIO, VIDEO, gaps
from tests.support.parameters import watched_audio, watched_video
from tests.support.scenario import (
    Numbers,
    Scenario,
)


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
    scenario.run(0.0)
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
    assert (watched.pli_count, watched.fir_count) == (1, 0)
    assert publisher.plis


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
