from dataclasses import replace

import pytest

from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    IntraCommand,
    PictureLossIndication,
)
from liverelay.rtp.rtcp.reports import ReceiverReport, SenderReport, SourceDescription
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import Ssrc
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, one_byte_elements, rtp
from tests.support.parameters import (
    TRANSPORT_CC_EXTENSION,
    VP8,
    published_audio,
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


def test_reports_that_are_due_soon_go_along_with_media_and_with_each_other() -> None:
    room = room_with_video()
    for i in range(3):
        # Due 1.5, 1.58 and 1.66 s after the last.
        parameters = watched_video(ssrc=i * 0x2900_0000 // 2)
        room.add_subscription(SessionId(f"{i}"), PeerId(f"{i}"), parameters, i, 10.0)
    publish(room, VP8_KEYFRAME, 1)
    room.on_rtcp(PUBLISHER, SenderReport(Ssrc(0x1234), 5 << 32, 900, 0, 0).serialize(), 10.0)
    room.handle_timeout(now=10.0)
    room.take_commands()

    sent = []
    for number, now in ((2, 11.47), (3, 11.49)):
        publish(room, VP8_DELTA, number, now)
        sent.append(len(sender_reports(room)))

    assert sent == [0, 2]
    assert room.deadline() == 11.66015625


def test_feedback_that_is_due_soon_goes_along_with_media() -> None:
    room = room_with_video(published_video(extensions=(TRANSPORT_CC_EXTENSION,)))
    sent = []
    for number, now in ((1, 10.0), (2, 10.07), (3, 10.09), (4, 10.1)):
        element = one_byte_elements((3, number.to_bytes(2)))
        room.on_rtp(PUBLISHER, rtp(sequence_number=number, extension=element), now)
        room.flush(now)
        sent.append([packets[1] for _, packets in commands(room)])

    assert [len(each) for each in sent] == [0, 0, 1, 0]


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
