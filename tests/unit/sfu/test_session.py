from collections import Counter
from dataclasses import replace

import pytest

from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import (
    GenericNack,
    PictureLossIndication,
    ReceiverEstimatedMaximumBitrate,
)
from liverelay.rtp.rtcp.reports import (
    CanonicalName,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
)
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import Ssrc
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sfu.commands import Template
from liverelay.sfu.departures import reserve_number
from liverelay.sfu.drops import DropReason
from liverelay.sfu.session import MediaSession, RtcpEffects
from liverelay.sfu.types import SessionId
from tests.support.packets import SENDER, one_byte_elements, rtp
from tests.support.parameters import (
    MID_EXTENSION,
    TRANSPORT_CC_EXTENSION,
    VP8,
    VP8_WITH_REMB,
    VP8_WITH_RTX,
    published_video,
    watched_audio,
    watched_video,
)
from tests.support.sfu import publication, subscription

LOCAL = Ssrc(0xF00D)
MEDIA = Ssrc(0x1234)
RTX = Ssrc(0x1235)


def publishing_session(*extensions: HeaderExtension) -> MediaSession:
    session = MediaSession(SessionId("publisher"), Counter())
    session.add_publication(
        publication(published_video(VP8_WITH_RTX, rtx_ssrcs={MEDIA: RTX}, extensions=extensions))
    )
    return session


def drops(session: MediaSession) -> Counter[DropReason]:
    return session._drops


def fir(*ssrcs: int) -> bytes:
    items = b"".join(ssrc.to_bytes(4) + bytes(4) for ssrc in ssrcs)
    return bytes((0x84, 206, 0, 2 + 2 * len(ssrcs))) + bytes(8) + items


def test_retransmission_restores_the_packet_it_carries() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(b"one", sequence_number=1), now=10.0)

    route = session.receive_rtp(
        rtp(b"\x00\x02two", payload_type=97, ssrc=RTX, sequence_number=9, marker=True), now=10.1
    )

    assert route is not None
    assert [packet.packet for packet in route.encoding.pending] == [
        rtp(b"one", sequence_number=1),
        rtp(b"two", sequence_number=2, marker=True),
    ]
    assert route.encoding.feed.packets_repaired == 1


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        pytest.param(
            rtp(b"", payload_type=97, ssrc=RTX, padding=200),
            DropReason.EMPTY_RETRANSMISSION,
            id="probe",
        ),
        pytest.param(
            rtp(b"\x00\x01again", payload_type=97, ssrc=RTX),
            DropReason.NEEDLESS_RETRANSMISSION,
            id="of a packet that came",
        ),
        pytest.param(
            rtp(b"\x4e\x20far", payload_type=97, ssrc=RTX),
            DropReason.RETRANSMISSION_AHEAD,
            id="of a packet that was not sent yet",
        ),
        pytest.param(
            rtp(b"\x00\x02", payload_type=50, ssrc=RTX),
            DropReason.UNKNOWN_PAYLOAD_TYPE,
            id="of an unknown type",
        ),
    ],
)
def test_retransmission_of_no_use_is_counted(packet: bytes, reason: DropReason) -> None:
    session = publishing_session()
    session.receive_rtp(rtp(sequence_number=1), now=10.0)
    session.receive_rtp(rtp(b"", payload_type=97, ssrc=RTX, padding=9), now=10.0)
    before = Counter(drops(session))

    assert session.receive_rtp(packet, now=10.1) is None
    assert drops(session) - before == {reason: 1}


def test_retransmission_may_come_before_the_packets_around_it() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(b"one", sequence_number=1), now=10.0)

    route = session.receive_rtp(rtp(b"\x00\x40lead", payload_type=97, ssrc=RTX), now=10.1)
    session.receive_rtp(rtp(b"two", sequence_number=2), now=10.2)

    assert route is not None
    numbers = [packet.header.sequence_number for packet in route.encoding.pending]
    assert numbers == [1, 64, 2]


def test_straggling_retransmission_does_not_throw_a_stream_ahead() -> None:
    session = publishing_session()
    for number in range(1, 4):
        session.receive_rtp(rtp(sequence_number=number), now=10.0)

    session.receive_rtp(rtp(b"\x4e\x20old", payload_type=97, ssrc=RTX), now=10.1)
    routes = [session.receive_rtp(rtp(sequence_number=number), now=10.2) for number in range(4, 9)]

    assert None not in routes


def estimates(session: MediaSession, now: float) -> list[ReceiverEstimatedMaximumBitrate]:
    messages = session.take_congestion_feedback(Ssrc(1), now)
    parsed = [packet for message in messages for packet in parse_compound(message)]
    return [packet for packet in parsed if isinstance(packet, ReceiverEstimatedMaximumBitrate)]


def test_publisher_that_understands_only_an_estimate_gets_one_for_all_its_streams() -> None:
    session = MediaSession(SessionId("publisher"), Counter())
    session.add_publication(publication(published_video(VP8_WITH_REMB)))
    session.receive_rtp(rtp(ssrc=0x1234), now=10.0)

    assert session.feedback_interval == 0.5
    (estimate,) = estimates(session, now=10.5)
    assert estimate.media_ssrcs == (0x1234,)
    assert estimate.bitrate_bps == pytest.approx(500_000, rel=0.05)
    assert not session.owes_feedback
    assert estimates(session, now=11.0) == []


def test_loss_between_two_estimates_lowers_the_second() -> None:
    session = MediaSession(SessionId("publisher"), Counter())
    session.add_publication(publication(published_video(VP8_WITH_REMB)))
    for number in range(0, 20, 2):
        session.receive_rtp(rtp(sequence_number=number), now=10.0)

    (first,) = estimates(session, now=10.5)
    for number in range(20, 40):
        session.receive_rtp(rtp(sequence_number=number, rtp_timestamp=55_000), now=10.6)
    (second,) = estimates(session, now=11.1)

    # 9 of 19 were lost, so half of that share is taken off; then one.
    assert first.bitrate_bps == pytest.approx(500_000 * (1 - 9 / 19 / 2), rel=1e-4)
    assert second.bitrate_bps == first.bitrate_bps


def test_publisher_that_understands_neither_gets_nothing() -> None:
    session = MediaSession(SessionId("publisher"), Counter())
    codec = replace(VP8, feedback=("nack pli",))
    parameters = published_video(codec, extensions=(TRANSPORT_CC_EXTENSION,))
    session.add_publication(publication(parameters))
    session.receive_rtp(rtp(), now=10.0)

    assert not session.owes_feedback
    assert session.take_congestion_feedback(Ssrc(1), 11.0) == []


def test_arrivals_are_reported_by_their_transport_wide_numbers() -> None:
    session = publishing_session(MID_EXTENSION, TRANSPORT_CC_EXTENSION)
    for number in (7, 8, 10):
        element = one_byte_elements((3, number.to_bytes(2)))
        session.receive_rtp(rtp(sequence_number=number, extension=element), now=10.0)
    assert session.owes_feedback

    (data,) = session.take_congestion_feedback(LOCAL, now=10.1)

    (report,) = parse_compound(data)
    assert isinstance(report, TransportFeedback)
    assert (report.sender_ssrc, report.media_ssrc) == (LOCAL, MEDIA)
    assert report.base_sequence_number == 7
    assert [arrival is not None for arrival in report.arrivals] == [True, True, False, True]


def test_what_viewers_can_take_is_told_beside_the_arrivals() -> None:
    session = publishing_session(TRANSPORT_CC_EXTENSION)
    element = one_byte_elements((3, b"\x00\x07"))
    session.receive_rtp(rtp(extension=element), now=10.0)
    viewer = subscription()
    session.publications[0].attach(viewer)
    viewer.available_bps = 400_000

    _, data = session.take_congestion_feedback(LOCAL, now=10.1)

    (estimate,) = parse_compound(data)
    assert isinstance(estimate, ReceiverEstimatedMaximumBitrate)
    assert 400_000 < estimate.bitrate_bps < 405_000
    assert estimate.media_ssrcs == (MEDIA,)


def test_arrival_of_a_packet_that_belongs_nowhere_is_reported_too() -> None:
    session = publishing_session(TRANSPORT_CC_EXTENSION)
    element = one_byte_elements((3, b"\x00\x07"))

    session.receive_rtp(rtp(ssrc=404, payload_type=50, extension=element), now=10.0)

    assert len(session.take_congestion_feedback(LOCAL, now=10.1)) == 1


@pytest.mark.parametrize("extension", [None, one_byte_elements((3, b"\x07"))])
def test_packet_without_a_whole_transport_wide_number_is_not_reported(
    extension: bytes | None,
) -> None:
    session = publishing_session(TRANSPORT_CC_EXTENSION)

    session.receive_rtp(rtp(extension=extension), now=10.0)

    assert not session.owes_feedback


def test_session_without_the_extension_owes_no_feedback() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(), now=10.0)

    assert not session.owes_feedback
    assert session.take_congestion_feedback(LOCAL, now=10.1) == []


def test_arrivals_of_all_sections_are_recorded_together() -> None:
    session = publishing_session(TRANSPORT_CC_EXTENSION)
    recorder = session.arrivals

    session.add_publication(publication(published_video(extensions=(TRANSPORT_CC_EXTENSION,))))

    assert session.arrivals is recorder


def test_first_sender_report_of_a_stream_synchronises_its_encoding() -> None:
    session = publishing_session()
    route = session.receive_rtp(rtp(), now=10.0)
    report = SenderReport(MEDIA, 1 << 32, 0, 0, 0).serialize()

    first, second = (session.receive_rtcp(report, now) for now in (10.1, 11.1))

    assert route is not None
    assert first == RtcpEffects(synchronised=[route.encoding])
    assert second == RtcpEffects()


def test_sender_report_of_a_stream_that_is_not_known_is_ignored() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(), now=10.0)
    session.receive_rtp(rtp(b"", payload_type=97, ssrc=RTX), now=10.0)

    for ssrc in (RTX, Ssrc(404)):
        report = SenderReport(ssrc, 1 << 32, 0, 0, 0).serialize()

        assert session.receive_rtcp(report, now=10.1) == RtcpEffects()


def test_report_blocks_cover_media_streams_only() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(), now=10.0)
    session.receive_rtp(rtp(b"", payload_type=97, ssrc=RTX), now=10.0)

    assert [block.ssrc for block in session.report_blocks(now=11.0)] == [MEDIA]


def test_requests_for_keyframes_concern_the_subscriptions_they_name() -> None:
    session = MediaSession(SessionId("viewer"), Counter())
    viewer = subscription()
    session.subscriptions[viewer.ssrc] = viewer
    requests = [
        fir(viewer.ssrc, 404),
        PictureLossIndication(SENDER, viewer.ssrc).serialize(),
        PictureLossIndication(SENDER, Ssrc(404)).serialize(),
    ]

    asked = [session.receive_rtcp(data, now=10.0).keyframe_requests for data in requests]

    assert asked == [[viewer], [viewer], []]
    assert (viewer.fir_count, viewer.pli_count) == (1, 1)


def test_nack_concerns_the_subscription_it_names() -> None:
    session = MediaSession(SessionId("viewer"), Counter())
    viewer, plain = subscription(), subscription(watched_video(ssrc=5, rtx_ssrc=None))
    for each in (viewer, plain):
        session.subscriptions[each.ssrc] = each

    effects = [
        session.receive_rtcp(GenericNack(SENDER, Ssrc(ssrc), (1, 2)).serialize(), now=10.0)
        for ssrc in (viewer.ssrc, plain.ssrc, 404)
    ]

    assert [each.retransmissions for each in effects] == [[viewer.retransmitter], [], []]
    assert (viewer.nack_count, plain.nack_count) == (1, 1)


def test_reports_reach_the_subscription_whoever_sends_them() -> None:
    session = MediaSession(SessionId("both"), Counter())
    viewer = subscription()
    session.subscriptions[viewer.ssrc] = viewer
    block = ReportBlock(viewer.ssrc, 1, 2, 3, 4, 5, 6)
    stranger = replace(block, ssrc=Ssrc(404))

    session.receive_rtcp(ReceiverReport(SENDER, (stranger, block)).serialize(), now=10.0)
    assert viewer.remote_report == block
    newer = replace(block, jitter=7)
    session.receive_rtcp(SenderReport(SENDER, 0, 0, 0, 0, (newer,)).serialize(), now=11.0)

    assert viewer.remote_report == newer


def test_goodbye_forgets_the_stream() -> None:
    session = publishing_session()
    session.receive_rtp(rtp(), now=10.0)

    session.receive_rtcp(Goodbye((MEDIA, Ssrc(404))).serialize(), now=10.1)

    assert session.report_blocks(now=11.0) == []


def test_rtcp_that_nobody_acts_on_has_no_effects() -> None:
    session = publishing_session()
    names = SourceDescription((CanonicalName(SENDER, "publisher"),)).serialize()

    assert session.receive_rtcp(names, now=10.0) == RtcpEffects()
    assert drops(session) == {}


def test_sections_of_a_session_are_numbered_together_if_their_viewer_asked_for_it() -> None:
    session = MediaSession(SessionId("viewer"), Counter())
    numbered, other = TRANSPORT_CC_EXTENSION, HeaderExtension(9, TRANSPORT_CC_EXTENSION.uri)

    assert session.departures_of(watched_video()) is None
    assert session.departures is None
    departures = session.departures_of(watched_video(extensions=(numbered,)))
    assert departures is not None
    assert departures.extension_id == numbered.extension_id
    assert session.departures_of(watched_audio(extensions=(numbered,))) is departures
    assert session.departures_of(watched_audio(extensions=(other,))) is None


def test_report_on_each_packet_is_for_sessions_whose_packets_are_numbered() -> None:
    report = TransportFeedback(SENDER, MEDIA, 0, 0, (4000,)).serialize()
    session = MediaSession(SessionId("viewer"), Counter())
    assert session.receive_rtcp(report, now=10.0) == RtcpEffects()
    departures = session.departures_of(watched_video(extensions=(TRANSPORT_CC_EXTENSION,)))
    assert departures is not None
    packet = bytearray(rtp())
    reserve_number(packet, departures.extension_id)
    departures.stamp([Template(packet, 0, 0)], now=9.9)

    session.receive_rtcp(report, now=10.0)

    assert departures.packets_received == 1
