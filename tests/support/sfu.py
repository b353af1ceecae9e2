"""Short ways to the objects of sfu, for the tests of each alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from liverelay.rtp.packet import parse_header
from liverelay.rtp.payload import vp8
from liverelay.rtp.types import Ssrc
from liverelay.sfu.encoding import Encoding
from liverelay.sfu.history import InboundPacket, PacketHistory
from liverelay.sfu.inbound import InboundStream
from liverelay.sfu.publication import Publication
from liverelay.sfu.subscription import Subscription
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, rtp
from tests.support.parameters import VP8, published_video, watched_video

if TYPE_CHECKING:
    from liverelay.sdp.parameters import ReceiveParameters, SendParameters


_NAMES: list[str] = []


def row_of(name: str) -> int:
    """Return the egress's number for the viewer of that name."""
    if name not in _NAMES:
        _NAMES.append(name)
    return _NAMES.index(name)


def name_at(row: int) -> str:
    return _NAMES[row]


def subscription(parameters: SendParameters | None = None, name: str = "viewer") -> Subscription:
    return Subscription(SessionId(name), PeerId(name), parameters or watched_video(), row_of(name))


def publication(parameters: ReceiveParameters | None = None) -> Publication:
    return Publication(
        PublicationId("publication"),
        SessionId("publisher"),
        PeerId("publisher"),
        parameters or published_video(),
    )


def inbound(
    number: int,
    *,
    is_keyframe: bool = False,
    payload: bytes | None = None,
    payload_type: int = 96,
    rtp_timestamp: int = 3000,
    received_at: float = 10.0,
) -> InboundPacket:
    """Return a video packet as an inbound stream hands it on."""
    if payload is None:
        payload = VP8_KEYFRAME if is_keyframe else VP8_DELTA
    packet = rtp(
        payload,
        sequence_number=number,
        payload_type=payload_type,
        rtp_timestamp=rtp_timestamp,
    )
    descriptor = vp8.parse_descriptor(payload)
    return InboundPacket(
        number, packet, parse_header(packet), VP8, is_keyframe, received_at, descriptor
    )


def fed_encoding(
    parameters: ReceiveParameters | None = None,
) -> tuple[Encoding, InboundStream]:
    """Return an encoding whose stream has received its first packet."""
    parameters = parameters or published_video()
    encoding = Encoding(SessionId("publisher"), parameters)
    codecs = {codec.payload_type: codec for codec in parameters.codecs}
    stream = InboundStream(Ssrc(0x1234), parameters.kind, codecs, Counter())
    packet = rtp(VP8_DELTA, sequence_number=0, payload_type=parameters.codecs[0].payload_type)
    stream.receive(packet, parse_header(packet), 10.0)
    # Its number is higher than those that tests give to theirs.
    stream.history = PacketHistory()
    encoding.feed_from(stream)
    return encoding, stream


def receive(publication: Publication, encoding_index: int, now: float) -> None:
    """Let one packet of 22 payload bytes arrive for an encoding."""
    encoding = publication.encodings[encoding_index]
    if encoding.stream is None:
        kind, codecs = publication.parameters.kind, publication.codecs
        encoding.feed_from(InboundStream(Ssrc(encoding_index + 1), kind, codecs, Counter()))
    packet = rtp(VP8_DELTA, sequence_number=encoding.feed.packets_received)
    encoding.feed.receive(packet, parse_header(packet), now)
