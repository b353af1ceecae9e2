from liverelay.rtp.rtcp.feedback import (
    GenericNack,
    PictureLossIndication,
)
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import PayloadType, Ssrc
from liverelay.sdp.parameters import Codec
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, rtp
from tests.support.parameters import (
    REPAIRED_VP8,
    TRANSPORT_CC_EXTENSION,
    published_video,
    watched_video,
)
from tests.support.rooms import (
    LOCAL,
    PUBLISHER,
    VIDEO,
    add_viewer,
    commands,
    publish,
    room_with_video,
)
from tests.support.sfu import row_of


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


def test_report_that_all_is_well_calls_for_nothing() -> None:
    room = room_with_video()
    viewer = add_viewer(room)
    viewer.is_cautious = False
    publish(room, VP8_KEYFRAME, 1)
    block = ReportBlock(viewer.ssrc, 0, 0, 1, 0, 0, 0)
    report = ReceiverReport(Ssrc(1), (block,)).serialize()
    nack = GenericNack(Ssrc(1), viewer.ssrc, (1,)).serialize()

    assert not room.on_rtcp(viewer.session_id, report, 10.1)
    assert not room.on_rtcp(SessionId("nobody"), report, 10.1)
    assert room.on_rtcp(viewer.session_id, report + nack, 10.1)


def test_second_stream_of_a_publication_is_not_forwarded() -> None:
    room = room_with_video(published_video(ssrcs=(1, 2)))
    add_viewer(room).is_cautious = False
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
