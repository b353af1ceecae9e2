import pytest

from liverelay.rtp.packet import parse_header
from liverelay.sfu.frame_numbers import FrameNumbering
from liverelay.sfu.history import InboundPacket, PacketHistory
from liverelay.sfu.picture_ids import PictureNumbering, PictureTimeline
from liverelay.sfu.subscription import Subscription
from liverelay.sfu.viewer_group import ViewerGroup
from liverelay.sfu.wire_format import negotiated
from tests.support.egress import datagrams
from tests.support.packets import VP8_KEYFRAME, one_byte_elements, parse_numbers, rtp
from tests.support.parameters import (
    OPUS,
    VP8,
    published_video,
    watched_video,
)
from tests.support.sfu import fed_encoding, inbound, name_at, subscription


def group_of(*viewers: Subscription) -> ViewerGroup:
    encoding, _ = fed_encoding(published_video(VP8, OPUS))
    for viewer in viewers:
        encoding.attach(viewer)
    group = viewers[0].group
    assert group is not None
    group.restart(PacketHistory())
    return group


def sent(group: ViewerGroup, *packets: InboundPacket) -> dict[str, list[int]]:
    """Return the outgoing sequence numbers of a burst by viewer."""
    result: dict[str, list[int]] = {}
    for target, packet in datagrams(group.fan_out(packets, now=10.0)):
        result.setdefault(name_at(target), []).append(parse_numbers(packet)[0])
    return result


def found(viewer: Subscription, sequence_number: int) -> InboundPacket | None:
    """Return what the viewer got as this number in the group that it is in."""
    return None if viewer.membership is None else viewer.membership.find(sequence_number)


def test_viewer_gets_nothing_before_a_keyframe() -> None:
    viewer = subscription()
    group = group_of(viewer)

    assert sent(group, inbound(1), inbound(2)) == {}
    assert viewer.packets_sent == 0
    assert sent(group, inbound(3), inbound(4, is_keyframe=True), inbound(5)) == {"viewer": [1, 2]}
    assert viewer.packets_sent == 2


def test_members_share_one_prepared_packet() -> None:
    group = group_of(subscription(name="one"), subscription(name="two"))

    (fanout,) = group.fan_out([inbound(1, is_keyframe=True)], now=10.0)

    assert len(fanout.templates) == 1
    assert [name_at(target) for target, *_ in fanout.streams.rows()] == ["one", "two"]


def test_packet_older_than_a_viewers_start_goes_to_the_others_only() -> None:
    old, new = subscription(name="old"), subscription(name="new")
    group = group_of(old)
    sent(group, inbound(10, is_keyframe=True))
    assert old.encoding is not None
    old.encoding.attach(new)
    sent(group, inbound(12, is_keyframe=True))

    late = sent(group, inbound(11))

    assert late == {"old": [2]}
    assert (old.packets_sent, new.packets_sent) == (3, 1)


def test_packet_older_than_everyones_start_goes_nowhere() -> None:
    viewer = subscription()
    group = group_of(viewer)
    sent(group, inbound(10, is_keyframe=True))

    assert sent(group, inbound(9)) == {}
    assert viewer.packets_sent == 1


def test_packet_of_another_codec_leaves_no_gap() -> None:
    viewer = subscription()
    group = group_of(viewer)

    numbers = sent(
        group,
        inbound(1, is_keyframe=True),
        inbound(2, payload_type=111),
        inbound(3, payload=b""),
        inbound(4),
    )

    assert numbers == {"viewer": [1, 2]}


def test_nothing_but_packets_of_another_codec_is_nothing() -> None:
    group = group_of(subscription())
    sent(group, inbound(1, is_keyframe=True))

    assert sent(group, inbound(2, payload_type=111)) == {}


def test_packet_that_comes_too_late_to_be_left_out_is_replaced() -> None:
    viewer = subscription()
    group = group_of(viewer)
    sent(group, inbound(1, is_keyframe=True), inbound(3))

    (fanout,) = group.fan_out([inbound(2, payload_type=111)], now=10.0)

    assert fanout.templates[0].sequence_number == 2
    assert len(fanout.templates[0].packet) == 12
    assert viewer.octets_sent == 2 * 22


def test_keyframe_of_another_codec_starts_nobody() -> None:
    viewer = subscription()
    group = group_of(viewer)

    assert sent(group, inbound(1, payload_type=111, is_keyframe=True), inbound(2)) == {}
    assert not viewer.is_started


def test_viewer_without_any_codec_never_gets_anything() -> None:
    viewer = subscription(watched_video(OPUS))
    encoding, stream = fed_encoding()
    group = ViewerGroup(negotiated(published_video(), viewer.parameters), stream.history)
    group.waiting.append(viewer)

    assert sent(group, inbound(2, is_keyframe=True), inbound(1)) == {}
    assert encoding.pending == []


def test_late_packet_does_not_turn_the_timestamp_back() -> None:
    viewer = subscription()
    group = group_of(viewer)
    sent(group, inbound(1, is_keyframe=True, rtp_timestamp=3000))
    sent(group, inbound(3, rtp_timestamp=9000))

    sent(group, inbound(2, rtp_timestamp=6000, received_at=11.0))

    assert group.progress == (3, 9000, 11.0)


def test_restart_makes_members_wait_and_go_on_where_they_were() -> None:
    viewer = subscription()
    group = group_of(viewer)
    sent(group, inbound(1000, is_keyframe=True), inbound(1001))

    group.restart(PacketHistory())

    assert sent(group, inbound(5)) == {}
    assert sent(group, inbound(6, is_keyframe=True)) == {"viewer": [3]}
    assert viewer.packets_sent == 3


def test_viewer_that_leaves_keeps_its_counts() -> None:
    viewer, other = subscription(), subscription(name="other")
    group = group_of(viewer, other)
    sent(group, inbound(1, is_keyframe=True))

    waiting = subscription(name="waiting")
    group.waiting.append(waiting)
    for each in (viewer, other, waiting):
        group.remove(each)

    assert group.is_empty
    assert viewer.packets_sent == 1
    assert group.take_started() == []


def test_packet_is_found_by_the_viewers_number_across_what_was_left_out() -> None:
    viewer = subscription()
    encoding, stream = fed_encoding(published_video(VP8, OPUS))
    encoding.attach(viewer)
    group = viewer.group
    assert group is not None
    packets = [inbound(1, is_keyframe=True), inbound(2, payload=b""), inbound(3)]
    for packet in packets:
        stream.history.add(packet)
    assert found(viewer, 1) is None
    sent(group, *packets)

    assert found(viewer, 1) is packets[0]
    assert found(viewer, 2) is packets[2]
    assert found(viewer, 0) is None
    assert found(viewer, 3) is None


def test_pictures_without_numbers_are_left_as_they_are() -> None:
    wire_format = negotiated(published_video(), watched_video(VP8))
    pictures = PictureNumbering(PictureTimeline())
    group = ViewerGroup(wire_format, PacketHistory(), pictures)
    viewer = subscription(watched_video(VP8))
    group.waiting.append(viewer)
    encoding, _ = fed_encoding()
    viewer.encoding = encoding
    packet = inbound(1, is_keyframe=True)._replace(descriptor=None)

    (fanout,) = group.fan_out([packet], now=10.0)

    assert fanout.templates[0].packet is packet.packet


def received(history: PacketHistory, number: int, *, is_keyframe: bool = False) -> InboundPacket:
    """Return a packet that is kept in `history`, as every packet is before it is fanned out."""
    packet = inbound(number, is_keyframe=is_keyframe)
    history.add(packet)
    return packet


def test_viewer_that_starts_late_gets_what_had_come_before() -> None:
    history, viewer = PacketHistory(), subscription()
    group = group_of(viewer)
    group.restart(history)
    assert sent(group, received(history, 11), received(history, 12)) == {}

    late = received(history, 10, is_keyframe=True)

    assert sent(group, late, received(history, 13)) == {"viewer": [1, 4, 2, 3]}
    assert viewer.packets_sent == 4
    assert found(viewer, 3) == history.find(12)


def test_only_those_who_start_late_get_what_the_others_have() -> None:
    history, old, new = PacketHistory(), subscription(name="old"), subscription(name="new")
    group = group_of(old)
    group.restart(history)
    sent(group, received(history, 1, is_keyframe=True))
    assert old.encoding is not None
    old.encoding.attach(new)
    sent(group, received(history, 11), received(history, 12))

    late = received(history, 10, is_keyframe=True)

    assert sent(group, late) == {"old": [10], "new": [1, 2, 3]}
    assert (old.packets_sent, new.packets_sent) == (4, 3)


def test_viewer_that_starts_late_gets_nothing_that_was_left_out() -> None:
    history, old, new = PacketHistory(), subscription(name="old"), subscription(name="new")
    group = group_of(old)
    group.restart(history)
    padding = inbound(11, payload=b"")
    history.add(padding)
    sent(group, received(history, 9, is_keyframe=True), padding, received(history, 12))
    assert old.encoding is not None
    old.encoding.attach(new)

    late = received(history, 10, is_keyframe=True)

    assert sent(group, late) == {"old": [2], "new": [1, 2]}


def numbered(number: int, frame_number: int | None) -> InboundPacket:
    """Return a packet with a dependency descriptor, or with other elements alone."""
    elements = [(9, b"abc")]
    if frame_number is not None:
        elements.append((7, b"\x80" + frame_number.to_bytes(2)))
    packet = rtp(VP8_KEYFRAME, sequence_number=number, extension=one_byte_elements(*elements))
    return InboundPacket(number, packet, parse_header(packet), VP8, number == 1, 10.0, None)


@pytest.mark.parametrize(
    ("frame_numbers", "latest"),
    [
        ((400, 401, 402), 402),
        ((400, 401, None, None), 401),
        ((None, None), None),
        ((400, *(None,) * 40), None),
    ],
)
def test_latest_frame_number_is_that_of_the_last_packet_which_has_one(
    frame_numbers: tuple[int | None, ...], latest: int | None
) -> None:
    viewer, history = subscription(), PacketHistory()
    group = group_of(viewer)
    group.restart(history, frames=FrameNumbering(7))
    packets = [numbered(*each) for each in enumerate(frame_numbers, start=1)]
    for packet in packets:
        history.add(packet)

    assert viewer.frame_number is None
    sent(group, *packets)

    assert viewer.frame_number == latest
    viewer.leave()
    assert viewer.frame_number == latest
