"""Sound and picture in step: the sender reports that viewers align them by."""

import pytest

from liverelay.rtp.rtcp.reports import SenderReport
from tests.support.observations import AT_ONCE, AUDIO, VIDEO
from tests.support.scenario import AUDIO_RATE, VIDEO_RATE, Numbers, Received, Scenario, Viewer

RATES = {VIDEO: VIDEO_RATE, AUDIO: AUDIO_RATE}


def captured_at(packet: Received, report: SenderReport) -> float:
    """Return when a packet was captured, on the clock of `report`."""
    ticks = (report.rtp_timestamp - packet.rtp_timestamp + 0x80000000) % 0x100000000 - 0x80000000
    return report.ntp_time / (1 << 32) - ticks / RATES[packet.ssrc]


def sent_at(packet: Received) -> float:
    return float(packet.payload[-10:])


def skew(viewer: Viewer, since: float, until: float) -> float:
    """Return how far ahead the picture is of the sound, played by the reports of that time."""
    delays = []
    for ssrc in (VIDEO, AUDIO):
        report = next(report for at, report in viewer.sender_reports(ssrc) if at >= since)
        packet = next(packet for packet in viewer.stream(ssrc) if since <= packet.at < until)
        delays.append(captured_at(packet, report) - sent_at(packet))
    return delays[0] - delays[1]


@pytest.mark.parametrize("ntp_ahead", [0.0, -1e6])
def test_sender_reports_keep_sound_and_picture_on_the_publishers_line(ntp_ahead: float) -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish(numbers=Numbers(ntp_ahead=ntp_ahead))
    scenario.run(7.0)

    distances = [
        captured_at(packet, viewer.sender_reports(ssrc)[-1][1]) - sent_at(packet)
        for ssrc in (VIDEO, AUDIO)
        for packet in viewer.stream(ssrc)[::50]
    ]

    assert len(viewer.sender_reports(VIDEO)) >= 3
    # The server's own clock, on which the publisher's is as late as its reports were.
    assert distances == pytest.approx([distances[0]] * len(distances), abs=0.001)
    assert distances[0] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("ntp_ahead", [-1e6, -3.0, 3.0, 1e6])
def test_viewers_stay_on_one_clock_when_a_publisher_with_another_takes_over(
    ntp_ahead: float,
) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    first = scenario.publish("first")
    scenario.run(5.0)

    scenario.unpublish(first)
    taken_over_at = scenario.clock.now
    scenario.publish("second", Numbers(video_ssrc=5, audio_ssrc=6, ntp_ahead=ntp_ahead))
    scenario.run(5.0)

    for ssrc in (VIDEO, AUDIO):
        reports = viewer.sender_reports(ssrc)
        assert any(at > taken_over_at for at, _ in reports)
        offsets = [report.ntp_time / (1 << 32) - at for at, report in reports]
        assert offsets == pytest.approx([0.0] * len(offsets), abs=0.05)
    assert skew(viewer, taken_over_at, scenario.clock.now) == pytest.approx(0.0, abs=0.001)


def test_sound_and_picture_stay_in_step_when_the_publisher_sets_its_clock() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    publisher = scenario.publish()
    scenario.run(5.0)

    publisher.numbers = Numbers(ntp_ahead=3600.0)
    set_at = scenario.clock.now
    scenario.run(5.0)

    offsets = [report.ntp_time / (1 << 32) - at for at, report in viewer.sender_reports(VIDEO)]
    assert offsets == pytest.approx([0.0] * len(offsets), abs=0.05)
    assert skew(viewer, set_at, scenario.clock.now) == pytest.approx(0.0, abs=0.001)
