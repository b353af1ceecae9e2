"""Viewers who go from one set of layers of an encoding to another, in a room as a server has it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from typing_extensions import override

from liverelay.rtp.dependency_descriptor import FrameTemplate, TemplateStructure
from liverelay.rtp.extensions import DEPENDENCY_DESCRIPTOR_URI
from liverelay.rtp.types import PayloadType, Ssrc
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sfu.layers import Preference, Quality
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, SessionId
from tests.support.dependency_descriptor import Fields, indications, write_dependency_descriptor
from tests.support.packets import TWO_BYTE, rtp, two_byte_elements
from tests.support.parameters import VIEWER_VP8, VP8, published_video, watched_video
from tests.support.rooms import PUBLISHER, VIDEO

if TYPE_CHECKING:
    from liverelay.sfu.subscription import Subscription

VP9, VIEWER_VP9 = replace(VP8, name="VP9"), replace(VIEWER_VP8, name="VP9")
H264 = replace(VP8, payload_type=PayloadType(98), name="H264")
AV1, VIEWER_AV1 = replace(VP8, name="AV1"), replace(VIEWER_VP8, name="AV1")
DESCRIPTOR = HeaderExtension(5, DEPENDENCY_DESCRIPTOR_URI)
TEMPLATES = (
    FrameTemplate(0, 0, indications("SS")),
    FrameTemplate(0, 0, indications("RR")),
    FrameTemplate(1, 0, indications("-S")),
    FrameTemplate(1, 0, indications("-R")),
)
STRUCTURE = TemplateStructure(0, TEMPLATES, ((0, 0), (1, 0)), ())
FRAME_TICKS = 3000


class Sent(NamedTuple):
    """The numbers of a packet as a viewer gets it."""

    sequence_number: int
    rtp_timestamp: int


class LayeredRoom:
    """A publisher of two spatial layers, and viewers by their row in the egress."""

    def __init__(self) -> None:
        self.media = RoomMedia(Ssrc(1), "server")
        self.now = 0.0
        self.picture_id = 0
        self.ssrc, self.first_timestamp, self.sequence_number = 0x1000, 1_000_000, 0
        self.sent: dict[int, list[Sent]] = defaultdict(list)

    def send(self, packet: bytes) -> None:
        self.media.on_rtp(PUBLISHER, packet, self.now)
        for fanout in self.media.flush(self.now):
            for target, _, sequence_offset, timestamp_offset in fanout.streams.rows():
                self.sent[target] += [
                    Sent(
                        (template.sequence_number + sequence_offset) & 0xFFFF,
                        (template.rtp_timestamp + timestamp_offset) & 0xFFFFFFFF,
                    )
                    for template in fanout.templates
                ]
        self.media.take_commands()
        deadline = self.media.deadline()
        if deadline is not None and deadline <= self.now:
            self.media.handle_timeout(self.now)

    def send_pictures(self, count: int, *, keyframe: bool = False) -> None:
        for each in range(count):
            for spatial_layer in (0, 1):
                self.send_layer(spatial_layer, is_keyframe=keyframe and each == 0)
            self.picture_id += 1
            self.now += 1 / 30

    def send_layer(self, spatial_layer: int, *, is_keyframe: bool) -> None:
        raise NotImplementedError

    def watch(self, target: int, quality: Quality) -> Subscription:
        raise NotImplementedError

    def prefer(self, viewer: Subscription, quality: Quality) -> None:
        viewer.preference = Preference(quality)
        self.media.choose_layer(viewer, self.now)


class Vp9Room(LayeredRoom):
    def __init__(self) -> None:
        super().__init__()
        published = published_video(VP9, H264, ssrcs=())
        self.media.add_publication(VIDEO, PUBLISHER, PeerId("publisher"), published, self.now)

    @override
    def send_layer(self, spatial_layer: int, *, is_keyframe: bool, temporal_layer: int = 0) -> None:
        flags = 0xAC if is_keyframe else 0xEC
        layers = temporal_layer << 5 | spatial_layer << 1
        descriptor = bytes((flags,)) + (0x8000 | self.picture_id).to_bytes(2) + bytes((layers, 0))
        self.send(
            rtp(
                descriptor + bytes(800 if spatial_layer else 300),
                sequence_number=self.sequence_number,
                rtp_timestamp=self.first_timestamp + FRAME_TICKS * self.picture_id,
                ssrc=self.ssrc,
            )
        )
        self.sequence_number += 1

    def send_what_nobody_can_decode(self) -> None:
        """Send a keyframe of a codec that no viewer has agreed to."""
        self.send(
            rtp(
                b"\x67" + bytes(30),
                payload_type=H264.payload_type,
                sequence_number=self.sequence_number,
                ssrc=self.ssrc,
            )
        )
        self.sequence_number += 1

    @override
    def watch(self, target: int, quality: Quality) -> Subscription:
        name = f"viewer-{target}"
        watched = watched_video(VIEWER_VP9, ssrc=Ssrc(0x100 + target), rtx_ssrc=None)
        return self.media.add_subscription(
            SessionId(name), PeerId(name), watched, target, self.now, Preference(quality)
        )


class Av1Room(LayeredRoom):
    def __init__(self) -> None:
        super().__init__()
        published = published_video(AV1, extensions=(DESCRIPTOR,))
        self.media.add_publication(VIDEO, PUBLISHER, PeerId("publisher"), published, self.now)

    @override
    def send_layer(self, spatial_layer: int, *, is_keyframe: bool) -> None:
        self.send_frame(self.sequence_number, self.sequence_number, spatial_layer, is_keyframe)
        self.sequence_number += 1

    def send_frame(
        self, sequence_number: int, frame_number: int, spatial_layer: int, is_keyframe: bool
    ) -> None:
        begins = is_keyframe and spatial_layer == 0
        descriptor = write_dependency_descriptor(
            Fields(
                template_id=2 * spatial_layer + (not is_keyframe),
                frame_number=frame_number & 0xFFFF,
                structure=STRUCTURE if begins else None,
                frame_differences=[[] for _ in TEMPLATES] if begins else (),
            )
        )
        self.send(
            rtp(
                bytes((0x18 if begins else 0x10,)) + bytes(900 if spatial_layer else 500),
                sequence_number=sequence_number & 0xFFFF,
                rtp_timestamp=FRAME_TICKS * self.picture_id,
                extension=two_byte_elements((DESCRIPTOR.extension_id, descriptor)),
                profile=TWO_BYTE,
            )
        )

    @override
    def watch(self, target: int, quality: Quality) -> Subscription:
        watched = watched_video(VIEWER_AV1, extensions=(DESCRIPTOR,))
        return self.media.add_subscription(
            SessionId("viewer"), PeerId("viewer"), watched, target, self.now, Preference(quality)
        )


def two_viewers() -> tuple[Vp9Room, Subscription, Subscription]:
    """Return a room in which one viewer, in row 1, gets the large picture, and one the small."""
    room = Vp9Room()
    room.send_pictures(61, keyframe=True)
    large = room.watch(1, Quality.HIGH)
    # It begins with the small picture.
    room.send_pictures(91, keyframe=True)
    room.send_pictures(1, keyframe=True)
    small = room.watch(2, Quality.LOW)
    room.send_pictures(91, keyframe=True)
    return room, large, small


def test_viewer_that_was_admitted_by_what_is_left_out_is_in_one_group_only() -> None:
    room, large, small = two_viewers()
    low = small.group
    assert low is not None

    room.prefer(large, Quality.LOW)
    # A keyframe of a temporal layer that nobody gets.
    room.send_layer(0, is_keyframe=True, temporal_layer=7)
    room.prefer(large, Quality.HIGH)
    room.watch(3, Quality.LOW)
    room.send_pictures(1)
    room.send_pictures(2, keyframe=True)

    assert large.group is not low
    assert large not in low.members
    numbers = [sent.sequence_number for sent in room.sent[1]]
    assert len(set(numbers)) == len(numbers)


def test_nothing_is_sent_to_a_viewer_that_left_while_it_was_admitted() -> None:
    room, large, _ = two_viewers()

    room.prefer(large, Quality.LOW)
    room.send_what_nobody_can_decode()
    room.media.remove_subscription(large)
    room.send_pictures(91, keyframe=True)
    room.sent.clear()
    room.watch(3, Quality.LOW)
    room.send_pictures(1)
    room.send_pictures(2, keyframe=True)

    assert room.sent[2]
    assert 1 not in room.sent


def test_timestamps_go_on_where_the_stream_changes_while_a_viewer_waits_for_layers() -> None:
    room, _, small = two_viewers()

    room.prefer(small, Quality.HIGH)
    room.send_pictures(3)
    before = room.sent[2][-1]
    room.ssrc, room.first_timestamp, room.sequence_number = 0x2000, 3_500_000_000, 7000
    room.send_pictures(1, keyframe=True)
    after = room.sent[2][room.sent[2].index(before) + 1]

    assert after.rtp_timestamp - before.rtp_timestamp == pytest.approx(FRAME_TICKS, abs=2)


def test_late_keyframes_leave_nothing_of_viewers_who_wait_for_layers() -> None:
    room = Av1Room()
    room.send_pictures(61, keyframe=True)
    room.watch(1, Quality.HIGH)
    room.send_pictures(90, keyframe=True)

    last = room.sequence_number
    for frame_number in range(1, 101):
        room.send_frame(last + 1, frame_number, 0, False)
        room.send_frame(last, 0xFFFF, 0, True)
        last += 2

    numbering = room.media._publications[VIDEO].encodings[0]._frames
    assert numbering is not None
    assert not numbering.owes_step
