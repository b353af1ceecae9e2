from collections import Counter

import pytest

from liverelay.rtp.packet import parse_header
from liverelay.rtp.payload import vp8
from liverelay.rtp.rtcp.reports import SenderReport
from liverelay.rtp.types import PayloadType, Ssrc
from liverelay.sdp.parameters import Codec, MediaKind
from liverelay.sfu.drops import DropReason
from liverelay.sfu.history import InboundPacket
from liverelay.sfu.inbound import InboundStream
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, rtp
from tests.support.parameters import OPUS, REPAIRED_VP8, VP8, VP8_WITH_NACK

SSRC = Ssrc(0x1234)
VP9_WITH_NACK = Codec(PayloadType(98), "VP9", 90_000, feedback=("nack",))
AV1_WITH_NACK = Codec(PayloadType(99), "AV1", 90_000, feedback=("nack",))


def stream(kind: MediaKind = MediaKind.VIDEO, *codecs: Codec) -> InboundStream:
    return InboundStream(
        SSRC, kind, {codec.payload_type: codec for codec in codecs or (VP8,)}, Counter()
    )


def receive(
    target: InboundStream, packet: bytes, now: float = 10.0, *, repaired: bool = False
) -> InboundPacket | None:
    return target.receive(packet, parse_header(packet), now, repaired=repaired)


def test_packet_is_kept_and_its_number_unwrapped() -> None:
    video = stream()

    first = receive(video, rtp(VP8_KEYFRAME, sequence_number=65535))
    second = receive(video, rtp(VP8_DELTA, sequence_number=0))

    assert first is not None
    assert second is not None
    assert second.extended_sequence_number == first.extended_sequence_number + 1
    assert (first.is_keyframe, second.is_keyframe) == (True, False)
    assert video.history.find(second.extended_sequence_number) is second


def test_every_packet_of_sound_can_be_started_with() -> None:
    packet = receive(stream(MediaKind.AUDIO, OPUS), rtp(payload_type=111))

    assert packet is not None
    assert packet.is_keyframe


def test_every_packet_of_an_unknown_video_codec_can_be_started_with() -> None:
    packet = receive(stream(MediaKind.VIDEO, Codec(PayloadType(96), "new", 90_000)), rtp())

    assert packet is not None
    assert packet.is_keyframe


def test_packet_without_a_payload_cannot_be_started_with() -> None:
    packet = receive(stream(MediaKind.AUDIO, OPUS), rtp(b"", payload_type=111))

    assert packet is not None
    assert not packet.is_keyframe


def test_unknown_payload_type_and_duplicate_are_dropped_and_counted() -> None:
    drops: Counter[DropReason] = Counter()
    video = InboundStream(SSRC, MediaKind.VIDEO, {VP8.payload_type: VP8}, drops)
    receive(video, rtp(sequence_number=5))

    assert receive(video, rtp(sequence_number=6, payload_type=50)) is None
    assert receive(video, rtp(sequence_number=5)) is None
    assert drops == {DropReason.UNKNOWN_PAYLOAD_TYPE: 1, DropReason.DUPLICATE_OR_LATE: 1}


def test_packet_comes_with_what_its_payload_says_of_the_picture() -> None:
    video = stream(MediaKind.VIDEO, VP8, AV1_WITH_NACK)

    described = receive(video, rtp(VP8_KEYFRAME, sequence_number=1))
    undescribed = receive(video, rtp(VP8_KEYFRAME, sequence_number=2, payload_type=99))

    assert described is not None
    assert described.descriptor == vp8.parse_descriptor(VP8_KEYFRAME)
    assert undescribed is not None
    assert undescribed.descriptor is None


def test_loss_is_what_is_missing_below_the_highest_number() -> None:
    video = stream()

    for number in (65534, 65535, 2, 1):
        receive(video, rtp(sequence_number=number))

    assert video.packets_received == 4
    assert video.packets_lost == 1


def test_repaired_packet_is_forwarded_but_does_not_improve_the_report() -> None:
    video = stream()
    receive(video, rtp(sequence_number=1))
    receive(video, rtp(sequence_number=3))

    assert receive(video, rtp(sequence_number=2), repaired=True) is not None
    assert (video.packets_received, video.packets_repaired, video.packets_lost) == (2, 1, 1)


def test_jitter_is_the_smoothed_difference_of_transit_times() -> None:
    video = stream()
    assert video.jitter == 0.0
    receive(video, rtp(sequence_number=1, rtp_timestamp=0xFFFFFFFF), now=10.0)

    # 160 ticks late, across the wrap of the timestamp.
    receive(video, rtp(sequence_number=2, rtp_timestamp=8999), now=10.1 + 160 / 90_000)

    assert video.jitter == pytest.approx(10 / 90_000)


def test_packet_out_of_order_has_no_part_in_the_jitter() -> None:
    video = stream()
    for number, at in ((1, 10.0), (3, 10.1), (2, 10.4), (4, 10.15)):
        receive(video, rtp(sequence_number=number, rtp_timestamp=number * 4500), now=at + 1)

    # In order came 1, 3 and 4, each 50 ms per number.
    assert video.jitter == pytest.approx(0.0, abs=1e-6)
    assert video.packets_received == 4


def test_gaps_are_noted_for_a_codec_that_agreed_to_be_asked() -> None:
    video = stream(MediaKind.VIDEO, VP8, VP9_WITH_NACK, AV1_WITH_NACK)
    receive(video, rtp(sequence_number=1, payload_type=96))
    receive(video, rtp(sequence_number=2, payload_type=98))
    receive(video, rtp(sequence_number=4, payload_type=99))

    assert video.nacks is not None
    assert video.nacks.take_lost(now=10.1) == [(1 << 16) + 3]


def test_no_gap_is_noted_for_a_codec_that_did_not_agree() -> None:
    video = stream(MediaKind.VIDEO, VP8, VP9_WITH_NACK)
    receive(video, rtp(sequence_number=1, payload_type=98))
    receive(video, rtp(sequence_number=3, payload_type=96))

    assert video.nacks is None


def test_packet_that_comes_again_as_it_was_is_a_repair_only_if_asked_for() -> None:
    video = stream(MediaKind.VIDEO, VP8_WITH_NACK)
    for number in (1, 3, 5):
        receive(video, rtp(sequence_number=number))
    assert video.nacks is not None
    video.nacks.on_late((1 << 16) + 2, 10.0, repaired=False)
    video.nacks.take_lost(now=10.1)

    receive(video, rtp(sequence_number=2), now=10.2)
    receive(video, rtp(sequence_number=4), now=10.2)

    assert (video.packets_received, video.packets_repaired, video.packets_lost) == (4, 1, 1)


def test_late_packet_where_repairs_have_a_stream_of_their_own_is_no_repair() -> None:
    video = stream(MediaKind.VIDEO, REPAIRED_VP8)
    for number in (1, 3):
        receive(video, rtp(sequence_number=number))
    assert video.nacks is not None
    video.nacks.take_lost(now=10.1)

    receive(video, rtp(sequence_number=2), now=10.2)

    assert (video.packets_repaired, video.packets_lost) == (0, 0)


def test_packet_at_hand_is_known_by_the_number_it_was_sent_under() -> None:
    video = stream()
    assert not video.has(0)
    receive(video, rtp(sequence_number=65535))
    receive(video, rtp(sequence_number=1))

    assert [number for number in (65534, 65535, 0, 1, 2) if video.has(number)] == [65535, 1]


def test_steady_packets_have_no_jitter() -> None:
    video = stream()

    for index in range(100):
        receive(
            video, rtp(sequence_number=index, rtp_timestamp=index * 3000), now=10.0 + index / 30
        )

    assert video.jitter == pytest.approx(0.0, abs=1e-6)


def test_report_block_counts_cycles_and_its_own_interval() -> None:
    video = stream()
    for number in (65535, 0, 1, 3):
        receive(video, rtp(sequence_number=number))
    first = video.take_report_block(now=11.0)
    receive(video, rtp(sequence_number=4))

    second = video.take_report_block(now=12.0)
    third = video.take_report_block(now=13.0)

    assert (first.fraction_lost, first.cumulative_lost) == (51, 1)
    assert first.highest_sequence == (1 << 16) + 3
    assert (second.fraction_lost, second.cumulative_lost) == (0, 1)
    assert third.fraction_lost == 0
    assert (first.lsr, first.dlsr) == (0, 0)


def test_fraction_of_total_loss_fits_its_byte() -> None:
    video = stream()
    receive(video, rtp(sequence_number=1))
    video.take_report_block(now=11.0)
    receive(video, rtp(sequence_number=30_000), now=12.0)

    assert video.take_report_block(now=12.0).fraction_lost == 255


def test_report_block_echoes_the_last_sender_report() -> None:
    video = stream()
    receive(video, rtp())
    video.on_sender_report(SenderReport(SSRC, 0x0123456789ABCDEF, 0, 0, 0), 1 << 32, now=10.0)

    block = video.take_report_block(now=10.25)

    assert (block.lsr, block.dlsr) == (0x456789AB, 1 << 14)
