"""A room with one publisher of video, for tests of what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.rtcp.compound import RtcpPacket, parse_compound
from liverelay.rtp.types import Ssrc
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import rtp
from tests.support.parameters import (
    published_video,
    watched_video,
)
from tests.support.sfu import row_of

if TYPE_CHECKING:
    from liverelay.sdp.parameters import ReceiveParameters
    from liverelay.sfu.subscription import Subscription

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
