"""One section of an offer, understood.

Rejected sections and those of kinds we do not serve are kept as they stand, because the answer
must have a line for each of them. What a section says beyond what is read here is ignored: new
attributes appear with every browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from liverelay.errors import SdpError
from liverelay.rtp.types import Mid
from liverelay.sdp.codecs import parse_codecs
from liverelay.sdp.connection import ConnectionLines, parse_connection
from liverelay.sdp.description import parse_number, shown
from liverelay.sdp.parameters import HeaderExtension, MediaKind
from liverelay.sdp.streams import NO_STREAMS, OfferedStreams, is_token, parse_streams

if TYPE_CHECKING:
    from liverelay.sdp.description import Attributes, MediaLine
    from liverelay.sdp.parameters import Codec

# A mid travels in RTP packets; browsers use one digit, GStreamer seven characters.
MAX_MID_SIZE: Final = 64
# Chromium offers 14 of the 255 ids that there are.
MAX_EXTENSIONS: Final = 64

# RFC 8841; aiortc still knows the drafts before it, and so do devices that never update.
_SCTP_PROTOCOLS: Final = {"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"}
_DEFAULT_SCTP_PORT: Final = 5000
_MAX_MESSAGE_SIZE: Final = (1 << 64) - 1

# RFC 8285: 15 is reserved; above 255 stand ids that are there to be chosen from.
_EXTENSION_IDS: Final = frozenset(range(1, 256)) - {15}


class Direction(Enum):
    """Which way media flows, as the end that says it sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        return self in {Direction.SENDRECV, Direction.RECVONLY}

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


@dataclass(frozen=True, slots=True)
class OfferedExtension:
    """A header extension and which way the peer would use it."""

    extension: HeaderExtension
    direction: Direction


@dataclass(frozen=True, slots=True)
class OfferedDataChannel:
    """An SCTP association over DTLS.

    `max_message_size` is None where the offer does not say; `sctpmap` is the value of that line
    in an offer of the older form, which has the port in its media line.
    """

    sctp_port: int
    max_message_size: int | None
    sctpmap: str | None


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One section. `kind` and `data_channel` are both None where the section is not served.

    `codecs` holds those that we pass through, in the offer's order, with all that was offered for
    each; `rtpmaps` the raw lines of all, which the answer to a rejected section repeats.
    """

    media: str
    protocol: str
    formats: tuple[str, ...]
    rtpmaps: tuple[str, ...]
    mid: Mid | None
    kind: MediaKind | None
    direction: Direction
    connection: ConnectionLines
    rtcp_mux: bool
    rtcp_rsize: bool
    extmap_allow_mixed: bool
    codecs: tuple[Codec, ...]
    extensions: tuple[OfferedExtension, ...]
    streams: OfferedStreams
    data_channel: OfferedDataChannel | None

    @property
    def is_served(self) -> bool:
        return self.kind is not None or self.data_channel is not None


def parse_section(line: MediaLine, session: Attributes) -> OfferedSection:
    """Return the section with what it inherits from the session.

    Raises:
        SdpError: It breaks a rule that matters to what we would do with it.
    """
    attributes = line.attributes
    # RFC 8843 section 6: with a=bundle-only, port 0 is not a rejection.
    is_live = line.port != 0 or attributes.has("bundle-only")
    kind = _kind(line) if is_live else None
    data_channel = _data_channel(line) if is_live else None
    return OfferedSection(
        media=line.media,
        protocol=line.protocol,
        formats=line.formats,
        rtpmaps=tuple(
            rtpmap
            for rtpmap in attributes.all("rtpmap")
            if rtpmap.partition(" ")[0] in line.formats
        ),
        mid=_mid(attributes),
        kind=kind,
        direction=_direction(attributes) or _direction(session) or Direction.SENDRECV,
        connection=(
            parse_connection(attributes)
            if kind or data_channel
            else ConnectionLines(ice=None, fingerprints=(), setup=None)
        ),
        rtcp_mux=attributes.has("rtcp-mux"),
        rtcp_rsize=attributes.has("rtcp-rsize"),
        extmap_allow_mixed=attributes.has("extmap-allow-mixed"),
        codecs=parse_codecs(kind, line) if kind else (),
        extensions=_extensions(attributes) if kind else (),
        streams=parse_streams(attributes) if kind else NO_STREAMS,
        data_channel=data_channel,
    )


def _kind(line: MediaLine) -> MediaKind | None:
    try:
        kind = MediaKind(line.media)
    except ValueError:
        return None
    if "RTP/SAVP" not in line.protocol:
        raise SdpError(
            f"The {line.media} section uses {shown(line.protocol)}; media must be encrypted"
            " (UDP/TLS/RTP/SAVPF)"
        )
    return kind


def _mid(attributes: Attributes) -> Mid | None:
    mid = attributes.first("mid")
    if mid is None:
        return None
    if not is_token(mid, MAX_MID_SIZE):
        raise SdpError(f"a=mid is not a token of at most {MAX_MID_SIZE} characters: {shown(mid)}")
    return Mid(mid)


def _direction(attributes: Attributes) -> Direction | None:
    return next((direction for direction in Direction if attributes.has(direction.value)), None)


def _extensions(attributes: Attributes) -> tuple[OfferedExtension, ...]:
    lines = attributes.all("extmap")
    if len(lines) > MAX_EXTENSIONS:
        raise SdpError(f"A section has more than {MAX_EXTENSIONS} header extensions")
    extensions: dict[int, OfferedExtension] = {}
    seen_uris = set()
    for line in lines:
        entry, _, rest = line.partition(" ")
        digits, _, direction = entry.partition("/")
        extension_id = parse_number(digits, 0xFFFF, "a header extension's id")
        uri = rest.split(" ", 1)[0]
        usable = uri and extension_id in _EXTENSION_IDS and extension_id not in extensions
        if usable and uri not in seen_uris and (way := _extension_direction(direction)):
            extensions[extension_id] = OfferedExtension(HeaderExtension(extension_id, uri), way)
            seen_uris.add(uri)
    return tuple(extensions.values())


def _extension_direction(word: str) -> Direction | None:
    if not word:
        return Direction.SENDRECV
    return next((direction for direction in Direction if direction.value == word), None)


def _data_channel(line: MediaLine) -> OfferedDataChannel | None:
    if line.media != "application" or line.protocol not in _SCTP_PROTOCOLS:
        return None
    attributes = line.attributes
    size = attributes.first("max-message-size")
    if line.formats[0].isdigit():
        port, sctpmap = line.formats[0], attributes.first("sctpmap")
    else:
        port, sctpmap = attributes.first("sctp-port") or str(_DEFAULT_SCTP_PORT), None
    return OfferedDataChannel(
        sctp_port=parse_number(port, 65535, "an SCTP port"),
        max_message_size=(
            None if size is None else parse_number(size, _MAX_MESSAGE_SIZE, "a message size")
        ),
        sctpmap=sctpmap,
    )
