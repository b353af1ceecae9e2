from dataclasses import replace

import pytest

from liverelay.rtp.rtcp.compound import RtcpPacket, parse_compound
from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    IntraCommand,
    PictureLossIndication,
)
from liverelay.rtp.rtcp.reports import ReceiverReport, SenderReport, SourceDescription
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import PayloadType, Ssrc
from liverelay.sdp.parameters import Codec, ReceiveParameters
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.subscription import Subscription
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, one_byte_elements, rtp
from tests.support.parameters import (
    REPAIRED_VP8,
    TRANSPORT_CC_EXTENSION,
    VP8,
    published_audio,
    published_video,
    watched_video,
)
from tests.support.sfu import row_of

LOCAL = Ssrc(0xF00D)
PUBLISHER = SessionId("publisher")
VIDEO = PublicationId("video")


def room_with_video(parameters: ReceiveParameters | None = None) -> RoomMedia:
    room = RoomMedia(LOCAL, "server")
    room.add_publication(
        VIDEO, PUBLISHER, PeerId("publisher"), parameters or published_video(), now=10.0
    )
    return room


def add_viewer(room: RoomMedia, name: str = "viewer", now: float = 10.0) -> Subscription:
    return room.add_subscription(SessionId(name), PeerId(name), watched_video(), row_of(name), now)


def commands(room: RoomMedia) -> list[tuple[SessionId, list[RtcpPacket]]]:
    return [(each.session_id, list(parse_compound(each.data))) for each in room.take_commands()]


def publish(room: RoomMedia, payload: bytes, number: int, now: float = 10.0) -> int:
    """Return how many datagrams that makes."""
    room.on_rtp(PUBLISHER, rtp(payload, sequence_number=number), now)
    return sum(len(fanout.templates) * len(fanout.streams) for fanout in room.flush(now))


def test_keyframe_request_is_a_pli_behind_a_report() -> None:
    room = room_with_video()
    publish(room, VP8_DELTA, 1)

    add_viewer(room)

    assert commands(room) == [
        (PUBLISHER, [ReceiverReport(LOCAL), PictureLossIndication(LOCAL, Ssrc(0x1234))])
    ]


def test_publisher_without_pli_is_asked_by_numbered_firs() -> None:
    codec = replace(VP8, feedback=("ccm fir",))
    room = room_with_video(published_video(codec))
    publish(room, VP8_DELTA, 1)
    add_viewer(room)

    room.handle_timeout(now=11.0)
    room.handle_timeout(now=13.0)

    requests = [packets for _, (_, *packets) in commands(room)]
    asked = [packets for packets in requests if not isinstance(packets[0], SourceDescription)]
    assert asked == [
        [FullIntraRequest(LOCAL, (IntraCommand(Ssrc(0x1234), number),))] for number in (1, 2, 3)
    ]


def test_viewer_before_any_media_asks_when_there_is_some() -> None:
    room = room_with_video()
    add_viewer(room)
    assert commands(room) == []

    assert publish(room, VP8_DELTA, 1) == 0

    assert [session_id for session_id, _ in commands(room)] == [PUBLISHER]
    assert publish(room, VP8_KEYFRAME, 2) == 1


def test_request_is_repeated_by_deadline() -> None:
    room = room_with_video()
    publish(room, VP8_DELTA, 1)
    add_viewer(room)
    room.take_commands()

    assert room.deadline() == 11.0
    room.handle_timeout(now=11.0)

    plis = [packets for _, packets in commands(room) if len(packets) == 2]
    assert [ReceiverReport(LOCAL), PictureLossIndication(LOCAL, Ssrc(0x1234))] in plis


def test_timeout_before_its_time_does_nothing() -> None:
    room = room_with_video()

    room.handle_timeout(now=10.5)

    assert room.take_commands() == []
    assert room.deadline() == 11.0


def test_receiver_report_names_the_server() -> None:
    room = room_with_video()
    publish(room, VP8_DELTA, 1)

    room.handle_timeout(now=11.0)

    ((session_id, (report, names)),) = commands(room)
    assert session_id == PUBLISHER
    assert isinstance(report, ReceiverReport)
    assert [block.ssrc for block in report.reports] == [0x1234]
    assert isinstance(names, SourceDescription)
    assert names.cnames[0].cname == "server"
    assert room.deadline() == 12.0


def test_publisher_that_sends_nothing_gets_no_report() -> None:
    room = room_with_video()

    room.handle_timeout(now=11.0)

    assert room.take_commands() == []


def test_both_sections_of_a_session_are_reported_at_once() -> None:
    room = room_with_video()
    room.add_publication(
        PublicationId("audio"), PUBLISHER, PeerId("publisher"), published_audio(), now=10.5
    )
    publish(room, VP8_DELTA, 1)
    room.on_rtp(PUBLISHER, rtp(payload_type=111, ssrc=0x5678), 10.6)

    room.handle_timeout(now=11.0)

    ((_, (report, _)),) = commands(room)
    assert isinstance(report, ReceiverReport)
    assert [block.ssrc for block in report.reports] == [0x1234, 0x5678]


def test_transport_feedback_follows_a_tenth_of_a_second_after_the_first_packet() -> None:
    room = room_with_video(published_video(extensions=(TRANSPORT_CC_EXTENSION,)))
    for number, now in ((1, 10.0), (2, 10.05)):
        element = one_byte_elements((3, number.to_bytes(2)))
        room.on_rtp(PUBLISHER, rtp(sequence_number=number, extension=element), now)
        room.flush(now)
    assert room.deadline() == pytest.approx(10.1)

    room.handle_timeout(now=10.1)

    ((session_id, packets),) = commands(room)
    assert session_id == PUBLISHER
    assert packets[0] == ReceiverReport(LOCAL)
    assert isinstance(packets[1], TransportFeedback)
    assert room.deadline() == 11.0


def test_sender_report_follows_the_first_one_of_the_publisher_and_then_every_two_seconds() -> None:
    room = room_with_video()
    viewer = add_viewer(room)
    publish(room, VP8_KEYFRAME, 1)
    room.take_commands()

    room.on_rtcp(PUBLISHER, SenderReport(Ssrc(0x1234), 5 << 32, 900, 0, 0).serialize(), 10.5)
    room.handle_timeout(now=10.5)
    ((session_id, (first, names)),) = commands(room)
    room.on_rtcp(PUBLISHER, SenderReport(Ssrc(0x1234), 6 << 32, 90_900, 0, 0).serialize(), 11.5)
    room.handle_timeout(now=12.5)

    (second,) = [
        packets[0] for _, packets in commands(room) if isinstance(packets[0], SenderReport)
    ]
    assert session_id == "viewer"
    # On the server's clock, which stands at 10.5 s.
    assert first == SenderReport(viewer.ssrc, 21 << 31, 900, 1, 22)
    assert second == SenderReport(viewer.ssrc, 25 << 31, 180_900, 1, 22)
    assert isinstance(names, SourceDescription)
    assert names.cnames[0].cname == "relay"


def test_reports_of_many_viewers_come_in_turns_and_then_at_times_of_their_own() -> None:
    room = room_with_video()
    for i in range(100):
        # As if each SSRC had been drawn at random.
        parameters = watched_video(ssrc=i * 0x0290_0000)
        room.add_subscription(SessionId(f"{i}"), PeerId(f"{i}"), parameters, i, 10.0)
    publish(room, VP8_KEYFRAME, 1)
    room.take_commands()
    room.on_rtcp(PUBLISHER, SenderReport(Ssrc(0x1234), 5 << 32, 900, 0, 0).serialize(), 10.5)

    at_once = []
    while room.deadline() == 10.5:
        room.handle_timeout(now=10.5)
        at_once.append(len(commands(room)))
    in_the_next_second = []
    for tenth in range(120, 131):
        room.handle_timeout(now=tenth / 10)
        in_the_next_second.append(len(sender_reports(room)))

    assert at_once == [32, 32, 32, 4]
    assert sum(in_the_next_second) == 100
    assert max(in_the_next_second) <= 15


def sender_reports(room: RoomMedia) -> list[SenderReport]:
    return [
        each for _, packets in commands(room) for each in packets if isinstance(each, SenderReport)
    ]


def test_viewer_that_waits_again_gets_no_sender_report() -> None:
    room = room_with_video()
    add_viewer(room)
    publish(room, VP8_KEYFRAME, 1)
    room.on_rtcp(PUBLISHER, SenderReport(Ssrc(0x1234), 5 << 32, 900, 0, 0).serialize(), 10.0)
    room.remove_publication(VIDEO, now=10.5)
    room.take_commands()

    room.handle_timeout(now=12.5)

    assert room.take_commands() == []
    assert room.deadline() is None


def test_viewer_moves_to_the_publication_that_is_left() -> None:
    room = room_with_video()
    viewer = add_viewer(room)
    publish(room, VP8_KEYFRAME, 1)
    room.add_publication(
        PublicationId("other"), SessionId("other"), PeerId("other"), published_video(), now=10.0
    )
    room.on_rtp(SessionId("other"), rtp(VP8_DELTA), 10.0)
    room.flush(10.0)
    room.take_commands()

    room.remove_publication(VIDEO, now=11.0)

    assert viewer.publication is not None
    assert viewer.publication.publication_id == "other"
    assert [session_id for session_id, _ in commands(room)] == ["other"]


def test_pending_packets_of_a_removed_publication_are_not_sent() -> None:
    room = room_with_video()
    add_viewer(room)
    room.on_rtp(PUBLISHER, rtp(VP8_KEYFRAME), 10.0)

    room.remove_publication(VIDEO, now=10.0)

    assert room.flush(10.0) == []


def test_nack_is_answered_at_the_next_flush_but_not_after_leaving() -> None:
    room = room_with_video()
    staying, leaving = add_viewer(room), add_viewer(room, "leaving")
    publish(room, VP8_KEYFRAME, 1)
    for viewer in (staying, leaving):
        nack = GenericNack(Ssrc(1), viewer.ssrc, (1, 999))
        room.on_rtcp(viewer.session_id, nack.serialize(), 10.1)

    room.remove_subscription(leaving)
    fanouts = room.flush(10.1)

    ((row,),) = (fanout.streams.rows() for fanout in fanouts)
    assert row[:2] == (row_of("viewer"), 0xC0DF)
    assert room.flush(10.2) == []


def test_gap_is_asked_for_in_the_numbers_of_the_publisher() -> None:
    room = room_with_video(published_video(REPAIRED_VP8))
    add_viewer(room)
    publish(room, VP8_KEYFRAME, 65535)
    publish(room, VP8_DELTA, 2)
    room.handle_timeout(now=10.0)
    room.take_commands()
    deadline = room.deadline()
    assert deadline is not None
    assert deadline < 10.1

    room.handle_timeout(deadline)

    assert commands(room) == [
        (PUBLISHER, [ReceiverReport(LOCAL), GenericNack(LOCAL, Ssrc(0x1234), (0, 1))])
    ]


def test_gap_is_not_asked_for_once_the_publisher_sends_what_cannot_be() -> None:
    vp9 = Codec(PayloadType(98), "VP9", 90_000)
    room = room_with_video(published_video(REPAIRED_VP8, vp9))
    add_viewer(room)
    publish(room, VP8_KEYFRAME, 1)
    publish(room, VP8_DELTA, 3)

    room.on_rtp(PUBLISHER, rtp(payload_type=98, sequence_number=4), 10.0)
    room.flush(10.0)
    room.handle_timeout(10.5)

    assert commands(room) == []


def test_nack_of_what_is_not_there_makes_no_fanout() -> None:
    room = room_with_video()
    viewer = add_viewer(room)
    publish(room, VP8_KEYFRAME, 1)

    room.on_rtcp(viewer.session_id, GenericNack(Ssrc(1), viewer.ssrc, (999,)).serialize(), 10.1)

    assert room.flush(10.1) == []


def test_viewer_without_retransmission_leaves_like_any_other() -> None:
    room = RoomMedia(LOCAL, "server")
    viewer = room.add_subscription(
        SessionId("viewer"), PeerId("viewer"), watched_video(rtx_ssrc=None), 0, 10.0
    )

    room.remove_subscription(viewer)

    assert room.subscription_statistics() == []


def test_keyframe_request_of_a_viewer_whose_publisher_is_gone_is_ignored() -> None:
    room = RoomMedia(LOCAL, "server")
    viewer = add_viewer(room)
    pli = PictureLossIndication(Ssrc(1), viewer.ssrc).serialize()

    room.on_rtcp(viewer.session_id, pli, 10.0)

    assert room.take_commands() == []


def test_second_stream_of_a_publication_is_not_forwarded() -> None:
    room = room_with_video(published_video(ssrcs=(1, 2)))
    add_viewer(room)
    room.on_rtp(PUBLISHER, rtp(VP8_KEYFRAME, ssrc=2), 10.0)
    assert len(room.flush(10.0)) == 1

    room.on_rtp(PUBLISHER, rtp(VP8_KEYFRAME, ssrc=1), 10.0)

    assert room.flush(10.0) == []


def test_session_that_still_watches_goes_on_when_its_publication_ends() -> None:
    room = room_with_video()
    viewer = room.add_subscription(PUBLISHER, PeerId("publisher"), watched_video(), 0, now=10.0)

    room.remove_publication(VIDEO, now=11.0)
    pli = PictureLossIndication(Ssrc(1), viewer.ssrc).serialize()
    room.on_rtcp(PUBLISHER, pli, 11.0)

    assert viewer.pli_count == 1
    assert room.drops == {}


def test_layer_of_a_viewer_without_publisher_is_chosen_when_there_is_one() -> None:
    room = RoomMedia(LOCAL, "server")
    viewer = add_viewer(room)

    room.choose_layer(viewer, now=10.0)

    assert (viewer.publication, viewer.encoding) == (None, None)


def test_viewer_that_is_reached_again_gets_a_keyframe_and_nothing_from_before() -> None:
    room = room_with_video()
    publish(room, VP8_KEYFRAME, 1)
    viewer = add_viewer(room)
    publish(room, VP8_KEYFRAME, 2, now=11.0)
    publish(room, VP8_DELTA, 3, now=11.0)
    room.take_commands()
    nack = GenericNack(Ssrc(1), viewer.ssrc, (int(viewer.first_number or 0) & 0xFFFF,))

    room.on_path_restored(viewer.session_id, 12.0)
    room.on_rtcp(viewer.session_id, nack.serialize(), 12.1)

    assert commands(room) == [
        (PUBLISHER, [ReceiverReport(LOCAL), PictureLossIndication(LOCAL, Ssrc(0x1234))])
    ]
    assert viewer.nack_count == 1
    assert room.flush(12.2) == []


def test_reports_on_what_was_under_way_on_another_path_say_nothing_of_the_new_one() -> None:
    room = room_with_video()
    publish(room, VP8_KEYFRAME, 1)
    viewer = room.add_subscription(
        SessionId("viewer"),
        PeerId("viewer"),
        watched_video(extensions=(TRANSPORT_CC_EXTENSION,)),
        row_of("viewer"),
        10.0,
    )
    publish(room, VP8_KEYFRAME, 2, now=11.0)
    assert viewer.departures is not None

    room.on_path_restored(viewer.session_id, 12.0)

    assert viewer.departures.take(TransportFeedback(Ssrc(1), viewer.ssrc, 0, 0, (0, 4000))) == []


def test_publisher_that_is_reached_again_is_asked_for_a_keyframe_if_anyone_watches() -> None:
    room = room_with_video()
    publish(room, VP8_KEYFRAME, 1)
    room.on_path_restored(PUBLISHER, 10.0)
    assert commands(room) == []
    add_viewer(room)
    publish(room, VP8_KEYFRAME, 2)
    room.take_commands()

    room.on_path_restored(PUBLISHER, 20.0)

    assert commands(room) == [
        (PUBLISHER, [ReceiverReport(LOCAL), PictureLossIndication(LOCAL, Ssrc(0x1234))])
    ]


def test_viewer_whom_nobody_feeds_may_be_reached_again_as_may_a_session_without_media() -> None:
    room = RoomMedia(LOCAL, "server")
    viewer = add_viewer(room)

    room.on_path_restored(viewer.session_id, 12.0)
    room.on_path_restored(SessionId("stranger"), 12.0)

    assert commands(room) == []
