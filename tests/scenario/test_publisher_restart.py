"""The publisher goes, and it or another one comes: to viewers it is one stream."""

import pytest

from liverelay.rtp.rtcp.reports import Goodbye
from liverelay.rtp.types import Ssrc
from tests.support.observations import AT_ONCE, AUDIO, RTX, VIDEO, gaps, is_keyframe, steps_back
from tests.support.scenario import (
    VIDEO_RATE,
    Numbers,
    Scenario,
)


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
