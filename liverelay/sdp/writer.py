"""The text of an answer.

It is complete: lite ICE with every candidate inside, so nothing has to be trickled. Connection
lines stand in every section although BUNDLE needs them only once, because small clients read
them wherever they happen to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liverelay.sdp.connection import Candidate
from liverelay.sdp.section import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from liverelay.rtp.types import Ssrc
    from liverelay.sdp.connection import Fingerprint, IceCredentials, Setup
    from liverelay.sdp.offer import Offer
    from liverelay.sdp.parameters import Codec, MediaKind
    from liverelay.sdp.section import OfferedDataChannel, OfferedExtension, OfferedSection
    from liverelay.sdp.streams import OfferedRid

_SCTP_PORT: Final = 5000
# aiortc's own.
MAX_MESSAGE_SIZE: Final = 65536

# RFC 8445 section 5.1.2.1: the type preference of host candidates, and the component of RTP.
_HOST_PREFERENCE: Final = 126
_RTP_COMPONENT: Final = 1

_NOWHERE: Final = Candidate("0.0.0.0", 9)

_REVERSED: Final = {
    Direction.SENDONLY: f"/{Direction.RECVONLY.value}",
    Direction.RECVONLY: f"/{Direction.SENDONLY.value}",
}


@dataclass(frozen=True, slots=True)
class SectionSsrcs:
    """What we send under in one section: the media and its retransmissions."""

    ssrc: Ssrc
    rtx_ssrc: Ssrc


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """Our end of one session. Whatever is random in an answer comes in here.

    `candidates` are in the order of preference. `origin_id` numbers the session (RFC 8866
    section 5.2), `origin_version` those of its answers that differ (RFC 3264 section 8).
    `stream_id` joins the sections we send into one MediaStream.
    """

    ice: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    candidates: tuple[Candidate, ...]
    ssrcs: Mapping[MediaKind, SectionSsrcs]
    cname: str
    stream_id: str
    origin_id: int
    origin_version: int = 1


@dataclass(frozen=True, slots=True)
class AnsweredSection:
    """An offered section with our side of it; without codecs and data channel it is rejected."""

    offered: OfferedSection
    direction: Direction
    codecs: tuple[Codec, ...]
    extensions: tuple[OfferedExtension, ...]
    rids: tuple[OfferedRid, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return bool(self.codecs) or self.offered.data_channel is not None

    @property
    def has_rtx(self) -> bool:
        return any(codec.rtx_payload_type is not None for codec in self.codecs)


def bundled(offer: Offer, sections: Sequence[AnsweredSection]) -> list[OfferedSection]:
    """Return the accepted sections in the order of the offer's group.

    The first of them carries the connection (RFC 8843 section 7.3.1), and the group's order need
    not be that of the sections.
    """
    accepted = {section.offered.mid: section.offered for section in sections if section.is_accepted}
    return [accepted[mid] for mid in offer.bundle if mid in accepted]


def write_answer(
    offer: Offer,
    local: LocalEnd,
    setup: Setup,
    sections: Sequence[AnsweredSection],
) -> str:
    """Return the answer; `sections` are all of the offer's, in its order."""
    mids = [section.mid for section in bundled(offer, sections) if section.mid]
    lines = [
        "v=0",
        f"o=- {local.origin_id} {local.origin_version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic:WMS *",
    ]
    if offer.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    for section in sections:
        if not section.is_accepted:
            lines += _rejected(section.offered)
        elif data_channel := section.offered.data_channel:
            lines += _data_channel(section.offered, data_channel, local, setup)
        else:
            lines += _media(section, local, setup)
    return "\r\n".join(lines) + "\r\n"


def _rejected(offered: OfferedSection) -> Iterator[str]:
    yield f"m={offered.media} 0 {offered.protocol} {' '.join(offered.formats)}"
    yield "c=IN IP4 0.0.0.0"
    if offered.mid is not None:
        yield f"a=mid:{offered.mid}"
    yield "a=inactive"
    # So that parsers that look up every payload type of a media line find it.
    for rtpmap in offered.rtpmaps:
        yield f"a=rtpmap:{rtpmap}"


def _data_channel(
    offered: OfferedSection, data_channel: OfferedDataChannel, local: LocalEnd, setup: Setup
) -> Iterator[str]:
    """Yield the section in the form that was offered: RFC 8841 or the drafts before it."""
    old = offered.formats[0].isdigit()
    port = local.candidates[0].port if local.candidates else _NOWHERE.port
    yield f"m=application {port} {offered.protocol} {_SCTP_PORT if old else offered.formats[0]}"
    yield from _connection(offered, local, setup)
    if data_channel.sctpmap is not None:
        yield f"a=sctpmap:{_SCTP_PORT} {data_channel.sctpmap.partition(' ')[2]}"
    if not old:
        yield f"a=sctp-port:{_SCTP_PORT}"
    if data_channel.max_message_size is not None:
        yield f"a=max-message-size:{MAX_MESSAGE_SIZE}"


def _media(section: AnsweredSection, local: LocalEnd, setup: Setup) -> Iterator[str]:
    offered = section.offered
    payload_types = [
        str(payload_type)
        for codec in section.codecs
        for payload_type in (codec.payload_type, codec.rtx_payload_type)
        if payload_type is not None
    ]
    port = local.candidates[0].port if local.candidates else _NOWHERE.port
    yield f"m={offered.media} {port} {offered.protocol} {' '.join(payload_types)}"
    yield from _connection(offered, local, setup)
    for each in section.extensions:
        direction = _REVERSED.get(each.direction, "")
        yield f"a=extmap:{each.extension.extension_id}{direction} {each.extension.uri}"
    if offered.extmap_allow_mixed:
        yield "a=extmap-allow-mixed"
    yield f"a={section.direction.value}"
    yield "a=rtcp-mux"
    if offered.rtcp_rsize:
        yield "a=rtcp-rsize"
    for codec in section.codecs:
        yield from _codec(codec)
    yield from _rids(section)
    if section.direction.sends and offered.kind is not None:
        yield from _streams(section, offered.kind, local)


def _connection(offered: OfferedSection, local: LocalEnd, setup: Setup) -> Iterator[str]:
    default = next(iter(local.candidates), _NOWHERE)
    yield f"c=IN {'IP6' if ':' in default.address else 'IP4'} {default.address}"
    yield f"a=mid:{offered.mid}"
    for index, candidate in enumerate(local.candidates):
        priority = (_HOST_PREFERENCE << 24) | ((0xFFFF - index) << 8) | (256 - _RTP_COMPONENT)
        yield (
            f"a=candidate:{index + 1} {_RTP_COMPONENT} udp {priority}"
            f" {candidate.address} {candidate.port} typ host"
        )
    yield "a=end-of-candidates"
    yield f"a=ice-ufrag:{local.ice.ufrag}"
    yield f"a=ice-pwd:{local.ice.pwd}"
    for fingerprint in local.fingerprints:
        yield f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}"
    yield f"a=setup:{setup.value}"


def _codec(codec: Codec) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
    for entry in codec.feedback:
        yield f"a=rtcp-fb:{codec.payload_type} {entry}"
    # What the peer says of its own stream (sprop-) is not ours to say. The rest is repeated,
    # which keeps an H.264 level symmetric for those who do not allow another.
    parameters = [
        f"{name}={value}" if value else name
        for name, value in codec.parameters
        if not name.lower().startswith("sprop-")
    ]
    if parameters:
        yield f"a=fmtp:{codec.payload_type} {';'.join(parameters)}"
    if codec.rtx_payload_type is not None:
        yield f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate}"
        yield f"a=fmtp:{codec.rtx_payload_type} apt={codec.payload_type}"


def _rids(section: AnsweredSection) -> Iterator[str]:
    """Yield the encodings that we take (RFC 8851 section 6.3, RFC 8853 section 5.3.2)."""
    answered = {
        str(payload_type)
        for codec in section.codecs
        for payload_type in (codec.payload_type, codec.rtx_payload_type)
    }
    for rid in section.rids:
        # Restrictions may be made tighter, but not be left out.
        restrictions = [f"{name}={value}" if value else name for name, value in rid.restrictions]
        if rid.payload_types:
            restrictions.insert(0, f"pt={','.join(sorted(rid.payload_types & answered))}")
        yield f"a=rid:{rid.rid} recv {';'.join(restrictions)}".rstrip()
    if section.rids and section.offered.streams.has_simulcast:
        yield f"a=simulcast:recv {';'.join(rid.rid for rid in section.rids)}"


def _streams(section: AnsweredSection, kind: MediaKind, local: LocalEnd) -> Iterator[str]:
    ssrcs = local.ssrcs[kind]
    msid = f"{local.stream_id} {local.stream_id}-{kind.value}"
    yield f"a=msid:{msid}"
    ours = [ssrcs.ssrc]
    if section.has_rtx:
        ours.append(ssrcs.rtx_ssrc)
        yield f"a=ssrc-group:FID {ssrcs.ssrc} {ssrcs.rtx_ssrc}"
    for ssrc in ours:
        yield f"a=ssrc:{ssrc} cname:{local.cname}"
        yield f"a=ssrc:{ssrc} msid:{msid}"
