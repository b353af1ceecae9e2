from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.rtcp.feedback import ReceiverEstimatedMaximumBitrate
from liverelay.rtp.rtcp.reports import ReportBlock
from liverelay.rtp.transport_cc import TICKS_PER_SECOND, TransportFeedback
from liverelay.rtp.types import Ssrc
from liverelay.sfu.commands import Template
from liverelay.sfu.congestion_control import CongestionControl
from liverelay.sfu.departures import DepartureRecorder, reserve_number
from liverelay.sfu.probe import ProbeSlots
from tests.support.packets import rtp
from tests.support.parameters import watched_audio, watched_video
from tests.support.sfu import subscription

if TYPE_CHECKING:
    from liverelay.sfu.subscription import Subscription

VIDEO, AUDIO = Ssrc(0xC0DE), Ssrc(0xA0DE)


def control(*subscriptions: Subscription) -> CongestionControl:
    result = CongestionControl({each.ssrc: each for each in subscriptions}, ProbeSlots())
    result.sample(now=10.0)
    return result


def estimated(target: CongestionControl, bitrate_bps: int, *ssrcs: Ssrc, now: float) -> int | None:
    target.on_estimate(ReceiverEstimatedMaximumBitrate(Ssrc(1), bitrate_bps, ssrcs), now)
    available = target.available_outgoing_bitrate
    return None if available is None else round(available)


def send(outbound: Subscription, octets: int) -> None:
    """Count bytes as sent, on a stream that no group counts for."""
    outbound.exclude(0, octets)


def test_sound_that_an_estimate_does_not_name_comes_on_top() -> None:
    sound = subscription(watched_audio())
    target = control(subscription(watched_video()), sound)
    send(sound, 10_000)

    assert estimated(target, 500_000, VIDEO, now=12.0) == 540_000
    assert estimated(target, 500_000, VIDEO, AUDIO, now=12.0) == 500_000


def test_session_without_video_is_not_limited_whatever_it_loses() -> None:
    sound = subscription(watched_audio())
    target = control(sound)
    send(sound, 10_000)

    target.on_report([ReportBlock(AUDIO, 255, 100, 100, 0, 0, 0)], now=11.0)

    assert not target.is_limited


def test_report_on_a_stream_that_is_nobodys_says_nothing() -> None:
    target = control(subscription(watched_video()))

    target.on_report([ReportBlock(Ssrc(7), 255, 100, 100, 0, 0, 0)], now=11.0)

    assert not target.is_limited


def lossy_path() -> tuple[CongestionControl, Subscription]:
    """Return a session that is known to be limited, and its video, which nobody feeds any more."""
    target = control(video := subscription(watched_video()))
    departures = DepartureRecorder(3)
    send(video, 125_000)
    for now in (11.0, 11.5, 12.0):
        acknowledge(target, departures, now, came=1)
    assert target.is_limited
    video.budget_bps = 1000.0
    return target, video


def test_viewer_whom_nobody_feeds_has_nothing_to_adapt() -> None:
    target, _ = lossy_path()

    assert target.adapt(now=12.0) == []
    assert target.deadline(now=12.0) == 12.25


def test_path_that_nobody_has_complained_of_is_looked_at_again_at_the_end_of_its_trial() -> None:
    target = control(subscription(watched_video()))

    assert target.deadline(now=10.0) == 12.0


def acknowledge(
    target: CongestionControl, departures: DepartureRecorder, now: float, came: int = 100
) -> None:
    """Send 100 packets of 1000 bytes in the second before `now`, and report those that came."""
    templates = []
    for _ in range(100):
        packet = bytearray(rtp(bytes(1000)))
        reserve_number(packet, departures.extension_id)
        templates.append(Template(packet, 0, 0))
    ticks = [
        int((now - 1 + index / 100) * TICKS_PER_SECOND) if index >= 100 - came else None
        for index in range(100)
    ]
    base = departures.packets_received + departures.packets_lost
    departures.stamp(templates, now - 1.0)
    feedback = TransportFeedback(Ssrc(1), VIDEO, 0, base, tuple(ticks))
    target.on_arrivals(departures, feedback, now)


def test_sound_that_is_not_numbered_comes_on_top_of_what_came() -> None:
    departures = DepartureRecorder(3)
    rates = []
    for numbered in (departures, None):
        sound = subscription(watched_audio())
        sound.departures = numbered
        target = control(subscription(watched_video()), sound)
        send(sound, 10_000)
        for now in (11.0, 12.0):
            acknowledge(target, departures, now)
        assert target.available_outgoing_bitrate is not None
        rates.append(target.available_outgoing_bitrate)

    assert rates[1] - rates[0] == 1.5 * 40_000


def test_receiver_reports_say_nothing_where_each_packet_is_reported() -> None:
    video = subscription(watched_video())
    target = control(video)
    send(video, 125_000)
    acknowledge(target, DepartureRecorder(3), now=11.0)

    target.on_report([ReportBlock(VIDEO, 255, 100, 100, 0, 0, 0)], now=11.1)

    assert not target.is_limited


def test_limit_of_a_path_that_was_left_is_forgotten() -> None:
    target, video = lossy_path()

    target.forget_path(now=20.0)

    assert target.deadline(now=20.0) == 22.0
    assert (video.budget_bps, video.is_cautious) == (None, True)
