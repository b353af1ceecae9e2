"""Which stream an inbound packet belongs to, by all the ways that clients have of saying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.extensions import (
    DEPENDENCY_DESCRIPTOR_URI,
    MID_URI,
    REPAIRED_RID_URI,
    RID_URI,
    iterate_elements,
)
from liverelay.rtp.types import Rid
from liverelay.sdp.matching import extension_id_of
from liverelay.sfu.inbound import InboundStream

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.drops import DropCounters
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.publication import Publication

# Three encodings of a camera with a retransmission stream each, and room for a few restarts.
_MAX_STREAMS = 32
# A page that shares its screen and stops again changes two of them each time.
_MAX_RETIRED = 64


class Route(NamedTuple):
    """Where the packets of one SSRC go.

    `is_repair`: they are retransmissions (RFC 4588) of the packets of `stream`.
    """

    publication: Publication
    encoding: Encoding
    stream: InboundStream
    is_repair: bool


class _Names(NamedTuple):
    """What a packet's extensions call its section and its encoding."""

    mid: str | None
    rid: Rid | None
    repaired_rid: Rid | None


class InboundDemux:
    """Knows the SSRCs of one session, and learns those that were not declared.

    An unknown SSRC is placed by the SDP's declarations, else by its MID and RID extensions, else
    by its payload type if only one section has that. It is learned once: later packets need
    not name themselves. `routes` is read for each packet; all else here is rare.
    """

    def __init__(self, drops: DropCounters) -> None:
        self.routes: dict[Ssrc, Route] = {}
        self._drops = drops
        self._publications: list[Publication] = []
        self._retired: set[Ssrc] = set()
        self._extension_uris: dict[int, str] = {}

    def add(self, publication: Publication) -> None:
        self._publications.append(publication)
        # One number means one thing in all sections of a bundle (RFC 8843 section 9.2).
        for extension in publication.parameters.extensions:
            self._extension_uris[extension.extension_id] = extension.uri

    def remove(self, publication: Publication) -> None:
        self._publications.remove(publication)
        for ssrc, route in tuple(self.routes.items()):
            if route.publication is publication:
                del self.routes[ssrc]

    def forget(self, ssrc: Ssrc) -> None:
        """Unlearn a stream that said goodbye; should it come back, it is a new one."""
        goodbye = self.routes.get(ssrc)
        if goodbye is None:
            return
        for each, route in tuple(self.routes.items()):
            if each == ssrc or (route.stream is goodbye.stream and not goodbye.is_repair):
                del self.routes[each]

    def learn(self, packet: bytes, header: RtpHeader) -> Route | None:
        """Return where the unknown SSRC of `packet` belongs, and remember it; None if nowhere."""
        if header.ssrc in self._retired or len(self.routes) >= _MAX_STREAMS:
            return None
        names = self._read_names(packet, header)
        publication = self._publication(header, names)
        if publication is None:
            return None
        if header.payload_type in publication.codecs_by_rtx:
            route = self._repair_route(publication, header.ssrc, names)
        else:
            route = self._media_route(publication, header, names)
        if route is not None:
            self.routes[header.ssrc] = route
        return route

    def _publication(self, header: RtpHeader, names: _Names) -> Publication | None:
        for publication in self._publications:
            parameters = publication.parameters
            if header.ssrc in parameters.ssrcs or header.ssrc in parameters.rtx_ssrcs.values():
                return publication
        if names.mid is not None:
            candidates = [p for p in self._publications if p.parameters.mid == names.mid]
        else:
            candidates = [
                p
                for p in self._publications
                if header.payload_type in p.codecs or header.payload_type in p.codecs_by_rtx
            ]
        return candidates[0] if len(candidates) == 1 else None

    def _media_route(
        self, publication: Publication, header: RtpHeader, names: _Names
    ) -> Route | None:
        if header.payload_type not in publication.codecs:
            return None
        ssrcs = publication.parameters.ssrcs
        encoding = publication.encoding_of(names.rid)
        if encoding is None and header.ssrc in ssrcs:
            # Declared in the order of the encodings, as Firefox does beside its rids.
            encoding = publication.encodings[ssrcs.index(header.ssrc) % len(publication.encodings)]
        if encoding is None:
            return None
        if encoding.stream is not None and not self._retire(encoding):
            return None
        stream = InboundStream(
            header.ssrc,
            publication.parameters.kind,
            publication.codecs,
            self._drops,
            extension_id_of(DEPENDENCY_DESCRIPTOR_URI, publication.parameters.extensions),
        )
        encoding.feed_from(stream)
        return Route(publication, encoding, stream, is_repair=False)

    def _repair_route(self, publication: Publication, ssrc: Ssrc, names: _Names) -> Route | None:
        encoding = publication.encoding_of(names.repaired_rid)
        for media_ssrc, rtx_ssrc in publication.parameters.rtx_ssrcs.items():
            if rtx_ssrc == ssrc and (route := self.routes.get(media_ssrc)) is not None:
                encoding = route.encoding
        # A repair that comes before anything to be repaired is learned when there is something.
        if encoding is None or encoding.stream is None:
            return None
        return Route(publication, encoding, encoding.stream, is_repair=True)

    def _retire(self, encoding: Encoding) -> bool:
        """Unlearn the SSRCs that feed `encoding`, so that stragglers do not take it back.

        Nor may what repairs the old stream be learned for the new one: its numbers are others.

        Returns false, and does nothing, for a session that has done this too often.
        """
        if len(self._retired) >= _MAX_RETIRED:
            return False
        for ssrc, route in tuple(self.routes.items()):
            if route.encoding is encoding:
                del self.routes[ssrc]
                self._retired.add(ssrc)
                if (rtx_ssrc := route.publication.parameters.rtx_ssrcs.get(ssrc)) is not None:
                    self._retired.add(rtx_ssrc)
        return True

    def _read_names(self, packet: bytes, header: RtpHeader) -> _Names:
        names: dict[str, str] = {}
        for extension_id, _, offset, end in iterate_elements(packet, header):
            uri = self._extension_uris.get(extension_id)
            if uri is not None:
                names[uri] = packet[offset:end].decode("ascii", errors="replace")
        rid, repaired_rid = names.get(RID_URI), names.get(REPAIRED_RID_URI)
        return _Names(
            mid=names.get(MID_URI),
            rid=None if rid is None else Rid(rid),
            repaired_rid=None if repaired_rid is None else Rid(repaired_rid),
        )
