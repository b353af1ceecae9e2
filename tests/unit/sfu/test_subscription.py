import pytest

from liverelay.rtp.rtcp.reports import ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.layers import Layer
from liverelay.sfu.subscription import Subscription
from tests.support.packets import layered_vp8
from tests.support.parameters import watched_video
from tests.support.sfu import fed_encoding, inbound, subscription

NTP_TIME = 0x0123456789ABCDEF
LSR = 0x456789AB


def report(lsr: int = LSR, dlsr: int = 0) -> ReportBlock:
    return ReportBlock(Ssrc(0xC0DE), 0, 0, 0, 0, lsr, dlsr)


def reported(block: ReportBlock, now: float) -> float | None:
    viewer = subscription()
    viewer.on_sender_report_sent(NTP_TIME, now=10.0)
    viewer.on_report_block(block, now)
    return viewer.round_trip_time


def test_round_trip_is_the_time_since_our_report_less_the_viewers_delay() -> None:
    assert reported(report(dlsr=1 << 15), now=10.75) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("block", "now"),
    [
        pytest.param(report(lsr=1), 10.75, id="another report"),
        pytest.param(report(dlsr=1 << 16), 10.75, id="negative"),
        pytest.param(report(), 100.0, id="absurdly long"),
    ],
)
def test_round_trip_that_cannot_be_is_ignored(block: ReportBlock, now: float) -> None:
    assert reported(block, now) is None


def test_round_trip_is_what_retransmissions_wait_for() -> None:
    viewer = subscription()
    viewer.on_sender_report_sent(0, now=10.0)

    viewer.on_report_block(ReportBlock(viewer.ssrc, 0, 0, 0, 0, 0, 0), now=10.25)

    assert viewer.retransmitter is not None
    assert viewer.retransmitter.round_trip_time == 0.25


def test_report_before_any_of_ours_has_no_round_trip() -> None:
    viewer = subscription()

    viewer.on_report_block(report(lsr=0), now=10.0)

    assert viewer.remote_report == report(lsr=0)
    assert viewer.round_trip_time is None


def retransmitted(viewer: Subscription, *lost: int) -> int:
    viewer.resend(lost, now=10.5)
    assert viewer.retransmitter is not None
    return viewer.retransmitter.packets_sent


def test_nack_of_a_viewer_that_is_fed_by_nobody_finds_nothing() -> None:
    assert retransmitted(subscription(), 1, 2, 3) == 0


def test_viewer_without_retransmission_is_not_answered() -> None:
    viewer = subscription(watched_video(rtx_ssrc=None))

    viewer.resend((1, 2, 3), now=10.5)

    assert viewer.retransmitter is None


def test_only_part_of_an_enormous_nack_is_looked_at() -> None:
    encoding, stream = fed_encoding()
    viewer = subscription()
    encoding.attach(viewer)
    packets = [inbound(number, is_keyframe=number == 1) for number in range(1, 501)]
    for packet in packets:
        stream.history.add(packet)
        encoding.on_packet(packet)
    encoding.flush(now=10.0)

    assert retransmitted(viewer, *range(1, 501)) == 256


def test_what_was_lost_in_other_layers_is_sent_again_as_far_as_it_is_of_these() -> None:
    encoding, stream = fed_encoding()
    viewer = subscription()
    encoding.attach(viewer)
    number = 0
    for now in (10.0, 10.5, 11.0):
        for temporal_layer in (0, 2, 1, 2):
            number += 1
            payload = layered_vp8(temporal_layer)
            packet = inbound(number, payload=payload, is_keyframe=number == 1)
            stream.history.add(packet)
            encoding.on_packet(packet)
        encoding.flush(now)
        encoding.sample(now)
        if now == 10.5:
            encoding.attach(viewer, Layer(0, 0, 0))

    viewer.resend(range(1, number + 1), now=11.0)

    assert viewer.retransmitter is not None
    fanout = viewer.retransmitter.take_fanout(now=11.0)
    assert fanout is not None
    # Of the first eight packets the lowest layer, and the ninth: all that came after.
    assert [int.from_bytes(template.packet[12:14]) for template in fanout.templates] == [1, 5, 9]
    assert viewer.packets_sent == 9


def test_viewer_is_padded_with_the_latest_packets_first() -> None:
    encoding, stream = fed_encoding()
    viewer = subscription()
    encoding.attach(viewer)
    for number in range(1, 4):
        packet = inbound(number, is_keyframe=number == 1)
        stream.history.add(packet)
        encoding.on_packet(packet)
    encoding.flush(now=10.0)

    viewer.pad(24 + 24 + 24 + 1, now=10.5)

    assert viewer.retransmitter is not None
    fanout = viewer.retransmitter.take_fanout(now=10.0)
    assert fanout is not None
    payloads = [bytes(template.packet[12:]) for template in fanout.templates]
    # Of each the original number comes first, and the rest is nothing.
    assert [int.from_bytes(payload[:2]) for payload in payloads[:3]] == [3, 2, 1]
    assert payloads[3:] == [bytes(254) + b"\xff"]
    assert viewer.padding_sent == 3 * 24 + 255


def test_padding_ends_when_there_is_enough_and_repeats_each_packet_once() -> None:
    encoding, stream = fed_encoding()
    viewer = subscription()
    encoding.attach(viewer)
    packets = [inbound(number, is_keyframe=number == 1) for number in range(1, 101)]
    for packet in packets:
        stream.history.add(packet)
        encoding.on_packet(packet)
    encoding.flush(now=10.0)

    viewer.pad(40, now=10.5)
    assert viewer.padding_sent == 48
    viewer.pad(24 * 32 + 1, now=10.5)

    assert viewer.padding_sent == 48 + 24 * 32 + 255


def test_viewer_that_is_fed_by_nobody_is_padded_with_nothing() -> None:
    viewer = subscription()

    viewer.pad(500, now=10.0)

    assert viewer.padding_sent == 510


def test_viewer_without_retransmission_is_not_padded() -> None:
    viewer = subscription(watched_video(rtx_ssrc=None))

    viewer.pad(500, now=10.0)

    assert viewer.padding_sent == 0
