"""What is known of each stream, under the names of W3C webrtc-stats, in Python's spelling.

Seconds for jitter and round-trip time; `bytes_…` are payload bytes. In webrtc-stats the packets and
bytes of a stream include what was sent again; here they do not, since reports do not (RFC 3550).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from liverelay.sfu.layer_limit import EVERYTHING

if TYPE_CHECKING:
    from liverelay.rtp.types import Mid, Rid, Ssrc
    from liverelay.sdp.parameters import Codec, MediaKind
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.inbound import InboundStream
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import PeerId, PublicationId, SessionId


@dataclass(frozen=True, slots=True)
class InboundRtpStats:
    """One SSRC of a publisher; the size of its pictures, in pixels, is that of the last keyframe.

    `rid` is None where the publisher has given its encodings no names. `active` is false while it
    is silent and another encoding is not; webrtc-stats has these two for outbound streams only.
    """

    ssrc: Ssrc
    mid: Mid
    rid: Rid | None
    active: bool
    mime_type: str | None
    frame_width: int | None
    frame_height: int | None
    packets_received: int
    bytes_received: int
    retransmitted_packets_received: int
    packets_lost: int
    jitter: float
    nack_count: int
    pli_count: int
    fir_count: int


@dataclass(frozen=True, slots=True)
class PublicationStats:
    """One published section, with a stream for each encoding that carries media."""

    publication_id: PublicationId
    session_id: SessionId
    peer_id: PeerId
    kind: MediaKind
    streams: tuple[InboundRtpStats, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionStats:
    """One outbound stream; from `packets_lost` on, what the viewer itself has reported.

    `rid` is that of the encoding that it is sent, and the size that of the layers of it. What
    webrtc-stats has for the remote end and for the codec is here, too.
    """

    session_id: SessionId
    peer_id: PeerId
    kind: MediaKind
    ssrc: Ssrc
    mid: Mid
    rid: Rid | None
    active: bool
    mime_type: str | None
    frame_width: int | None
    frame_height: int | None
    packets_sent: int
    bytes_sent: int
    retransmitted_packets_sent: int
    nack_count: int
    pli_count: int
    fir_count: int
    packets_lost: int | None
    fraction_lost: float | None
    jitter: float | None
    round_trip_time: float | None


def publication_stats(publication: Publication) -> PublicationStats:
    active = publication.active_encodings()
    return PublicationStats(
        publication_id=publication.publication_id,
        session_id=publication.session_id,
        peer_id=publication.peer_id,
        kind=publication.parameters.kind,
        streams=tuple(
            _inbound_stats(encoding, encoding.stream, rid, active=encoding in active)
            for encoding, rid in zip_longest(publication.encodings, publication.parameters.rids)
            if encoding.stream is not None
        ),
    )


def subscription_stats(subscription: Subscription) -> SubscriptionStats:
    encoding, report = subscription.encoding, subscription.remote_report
    retransmitter = subscription.retransmitter
    codec = None if encoding is None else encoding.feed.codec
    group = subscription.group
    size = None if encoding is None or group is None else encoding.frame_size(group.limit)
    return SubscriptionStats(
        session_id=subscription.session_id,
        peer_id=subscription.peer_id,
        kind=subscription.parameters.kind,
        ssrc=subscription.ssrc,
        mid=subscription.parameters.mid,
        rid=_rid(subscription),
        active=encoding is not None,
        mime_type=_mime_type(subscription.parameters.kind, codec),
        frame_width=None if size is None else size.width,
        frame_height=None if size is None else size.height,
        packets_sent=subscription.packets_sent,
        bytes_sent=subscription.octets_sent,
        retransmitted_packets_sent=0 if retransmitter is None else retransmitter.packets_sent,
        nack_count=subscription.nack_count,
        pli_count=subscription.pli_count,
        fir_count=subscription.fir_count,
        packets_lost=None if report is None else report.cumulative_lost,
        fraction_lost=None if report is None else report.fraction_lost / 256,
        jitter=None if report is None or codec is None else report.jitter / codec.clock_rate,
        round_trip_time=subscription.round_trip_time,
    )


def _inbound_stats(
    encoding: Encoding, stream: InboundStream, rid: Rid | None, *, active: bool
) -> InboundRtpStats:
    size = encoding.frame_size(EVERYTHING)
    return InboundRtpStats(
        ssrc=stream.ssrc,
        mid=encoding.parameters.mid,
        rid=rid,
        active=active,
        mime_type=_mime_type(encoding.parameters.kind, stream.codec),
        frame_width=None if size is None else size.width,
        frame_height=None if size is None else size.height,
        packets_received=stream.packets_received,
        bytes_received=stream.bytes_received,
        retransmitted_packets_received=stream.packets_repaired,
        packets_lost=stream.packets_lost,
        jitter=stream.jitter,
        nack_count=encoding.nacks_sent,
        pli_count=encoding.keyframe_requests_sent if encoding.understands_pli else 0,
        fir_count=0 if encoding.understands_pli else encoding.keyframe_requests_sent,
    )


def _rid(subscription: Subscription) -> Rid | None:
    publication, encoding = subscription.publication, subscription.encoding
    if publication is None or encoding is None or not publication.parameters.rids:
        return None
    return publication.parameters.rids[publication.encodings.index(encoding)]


def _mime_type(kind: MediaKind, codec: Codec | None) -> str | None:
    return None if codec is None else f"{kind.value}/{codec.name}"
