"""A camera that is sent in streams of three spatial and three temporal layers: VP9 or AV1.

As with simulcast, every packet says what its frame refers to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from liverelay.rtp.dependency_descriptor import FrameTemplate, TemplateStructure
from liverelay.rtp.extensions import DEPENDENCY_DESCRIPTOR_URI, find_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sfu.layers import FrameSize
from liverelay.sfu.types import SessionId
from tests.support.dependency_descriptor import Fields, indications, write_dependency_descriptor
from tests.support.packets import TWO_BYTE, rtp, two_byte_elements
from tests.support.parameters import VIEWER_VP8, VP8, published_video, watched_video
from tests.support.simulation.descriptors import DescriptorReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from liverelay.rtp.packet import RtpHeader
    from liverelay.sdp.parameters import Codec
    from tests.support.simulation.server import SimulatedServer

PICTURE_INTERVAL = 1 / 30
SPATIAL_LAYERS = 3
PACKETS = (1, 2, 4)
SIZES = (FrameSize(320, 180), FrameSize(640, 360), FrameSize(1280, 720))
# The temporal layer of each picture, whether it is a switching point, and how far back those are
# that it refers to. In the second half the middle layer goes on from before, so it is none.
PATTERN = (
    (0, True, (4,)),
    (2, True, (1,)),
    (1, True, (2,)),
    (2, True, (1,)),
    (0, False, (4,)),
    (2, False, (1,)),
    (1, False, (2, 4)),
    (2, False, (1,)),
)


@dataclass(frozen=True)
class Place:
    """Where in the stream a packet is."""

    picture: int
    spatial: int
    temporal: int
    index: int
    count: int
    is_keyframe: bool
    is_switching_point: bool

    @property
    def starts_keyframe(self) -> bool:
        return self.is_keyframe and self.spatial == self.index == 0


class Scalable(NamedTuple):
    """A codec, and how it says where a packet is: in its payload's header, or in an extension."""

    codec: Codec
    viewer_codec: Codec
    describe: Callable[[Place], tuple[bytes, bytes | None]]
    extensions: tuple[HeaderExtension, ...] = ()
    viewer_extensions: tuple[HeaderExtension, ...] = ()


def _describe_vp9(place: Place) -> tuple[bytes, None]:
    """Return a payload descriptor (RFC 9628)."""
    flags = 0xA0 | 0x40 * (not place.is_keyframe) | 0x02 * place.starts_keyframe
    flags |= 0x08 * (place.index == 0) | 0x04 * (place.index == place.count - 1)
    indices = place.temporal << 5 | place.is_switching_point << 4
    indices |= place.spatial << 1 | (place.spatial > 0)
    picture_id = 0x8000 | place.picture & 0x7FFF
    descriptor = bytes((flags, *picture_id.to_bytes(2), indices, place.picture & 0xFF))
    if place.starts_keyframe:
        sides = b"".join(side.to_bytes(2) for size in SIZES for side in size)
        descriptor += bytes(((SPATIAL_LAYERS - 1) << 5 | 0x10,)) + sides
    return descriptor, None


VP9 = Scalable(replace(VP8, name="VP9"), replace(VIEWER_VP8, name="VP9"), _describe_vp9)

_TARGETS = tuple((spatial, temporal) for spatial in range(3) for temporal in range(3))


def _indications(spatial: int, temporal: int, *, is_keyframe: bool, is_switch: bool) -> str:
    """Return what a frame is to each decode target.

    A frame of a lower spatial layer does not say from where on a higher one can be decoded.
    """
    return "".join(
        "-"
        if target[0] < spatial or target[1] < temporal
        else "RS"[is_keyframe or (is_switch and target[0] == spatial)]
        for target in _TARGETS
    )


def _template(spatial: int, temporal: int, *, is_keyframe: bool) -> FrameTemplate:
    symbols = _indications(spatial, temporal, is_keyframe=is_keyframe, is_switch=True)
    return FrameTemplate(spatial, temporal, indications(symbols))


# For each spatial layer: a keyframe, and a frame of each temporal layer.
_STRUCTURE = TemplateStructure(
    template_id_offset=60,
    templates=tuple(
        _template(spatial, temporal, is_keyframe=is_keyframe)
        for spatial in range(SPATIAL_LAYERS)
        for temporal, is_keyframe in ((0, True), (0, False), (1, False), (2, False))
    ),
    decode_targets=_TARGETS,
    frame_sizes=SIZES,
)


def _describe_av1(place: Place) -> tuple[bytes, bytes]:
    """Return an aggregation header, and a dependency descriptor."""
    template = 0 if place.is_keyframe else 1 + place.temporal
    symbols = _indications(
        place.spatial,
        place.temporal,
        is_keyframe=place.is_keyframe,
        is_switch=place.is_switching_point,
    )
    differs = indications(symbols) != _STRUCTURE.templates[4 * place.spatial + template].indications
    value = write_dependency_descriptor(
        Fields(
            starts_frame=place.index == 0,
            ends_frame=place.index == place.count - 1,
            template_id=(_STRUCTURE.template_id_offset + 4 * place.spatial + template) % 64,
            frame_number=SPATIAL_LAYERS * place.picture + place.spatial & 0xFFFF,
            structure=_STRUCTURE if place.starts_keyframe else None,
            indications=indications(symbols) if differs else None,
        )
    )
    flags = 0x10 | 0x80 * (place.index > 0) | 0x08 * (place.is_keyframe and place.index == 0)
    return bytes((flags,)), two_byte_elements((5, value))


AV1 = Scalable(
    replace(VP8, name="AV1"),
    replace(VIEWER_VP8, name="AV1"),
    _describe_av1,
    (HeaderExtension(5, DEPENDENCY_DESCRIPTOR_URI),),
    (HeaderExtension(7, DEPENDENCY_DESCRIPTOR_URI),),
)


class _Encoder:
    """Numbers the pictures of one SSRC; `picture` is how many it has sent before."""

    def __init__(self, codec: Scalable, ssrc: int, picture: int) -> None:
        self.ssrc = ssrc
        self.keyframes_sent = 0
        self.owes_keyframe = True
        self._codec = codec
        self._picture = self._keyframe = picture
        self._sequence_number = 65_400

    def packets(self, elapsed: float) -> list[bytes]:
        """Return the next picture."""
        is_keyframe, self.owes_keyframe = self.owes_keyframe, False
        self._picture += 1
        if is_keyframe:
            self._keyframe = self._picture
            self.keyframes_sent += 1
        layer, is_switching_point, distances = PATTERN[
            (self._picture - self._keyframe) % len(PATTERN)
        ]
        pictures = [] if is_keyframe else [self._picture - distance for distance in distances]
        packets = []
        for spatial, count in enumerate(PACKETS):
            references = [self._name(picture, spatial) for picture in pictures]
            references += [self._name(self._picture, spatial - 1)] if spatial else []
            for index in range(count):
                what = {
                    "frame": self._name(self._picture, spatial),
                    "temporal": layer,
                    "references": references,
                    "index": index,
                    "count": count,
                }
                place = Place(
                    self._picture, spatial, layer, index, count, is_keyframe, is_switching_point
                )
                header, extension = self._codec.describe(place)
                packets.append(
                    rtp(
                        header + json.dumps(what).encode().ljust(200),
                        ssrc=self.ssrc,
                        extension=extension,
                        profile=TWO_BYTE,
                        sequence_number=self._sequence_number,
                        rtp_timestamp=round(elapsed * 90_000),
                        marker=spatial == SPATIAL_LAYERS - 1 and index == count - 1,
                    )
                )
                self._sequence_number += 1
        return packets

    def _name(self, picture: int, spatial: int) -> list[int]:
        return [picture, spatial, self.ssrc]


class ScalablePublisher:
    """Sends one stream for each of `ssrcs`, and a keyframe of it when it is asked for one.

    `pictures` says for each how many it has sent to others before.
    """

    def __init__(
        self,
        server: SimulatedServer,
        codec: Scalable = VP9,
        *,
        ssrcs: Sequence[int] = (0x1234,),
        pictures: Sequence[int] = (0,),
        sends_bursts: bool = False,
    ) -> None:
        self.session_id = SessionId("publisher")
        self.encoders = [
            _Encoder(codec, ssrc, picture) for ssrc, picture in zip(ssrcs, pictures, strict=True)
        ]
        self._server = server
        self._sends_bursts = sends_bursts
        self._is_live = True
        self._started_at = server.clock.now
        self._codec = codec
        server.add_publications(
            self, published_video(codec.codec, ssrcs=tuple(ssrcs), extensions=codec.extensions)
        )
        self._send_picture()

    @property
    def keyframes_sent(self) -> int:
        return sum(encoder.keyframes_sent for encoder in self.encoders)

    def go(self) -> None:
        self._is_live = False
        self._server.remove_publications(self, "video")

    def change_ssrc(self, ssrc: int) -> None:
        """Send from another encoder, which has sent nothing before."""
        self.encoders = [_Encoder(self._codec, ssrc, 0)]

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(packet)

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            if isinstance(packet, PictureLossIndication):
                for encoder in self.encoders:
                    encoder.owes_keyframe |= encoder.ssrc == packet.media_ssrc

    def _send_picture(self) -> None:
        if not self._is_live:
            return
        now = self._server.clock.now
        for encoder in self.encoders:
            for packet in encoder.packets(now - self._started_at):
                self._server.room.on_rtp(self.session_id, packet, now)
                if not self._sends_bursts:
                    self._server.settle()
        self._server.settle()
        self._server.clock.at(now + PICTURE_INTERVAL, self._send_picture)


class Part(NamedTuple):
    """One packet, as the viewer got it; `frame_number` is that of its dependency descriptor."""

    at: float
    sequence_number: int
    rtp_timestamp: int
    marker: bool
    what: dict[str, Any]
    frame_number: int | None


class ScalableViewer:
    """Takes what it is sent, in order."""

    def __init__(
        self, server: SimulatedServer, codec: Scalable = VP9, name: str = "viewer"
    ) -> None:
        self.session_id = SessionId(name)
        self._server = server
        self.parts: list[Part] = []
        self._descriptors = DescriptorReader()
        section = watched_video(codec.viewer_codec, extensions=codec.viewer_extensions)
        (self.subscription,) = server.add_subscriptions(self, name, section, is_tried=True)

    def take_rtp(self, packet: bytes) -> None:
        header = parse_header(packet)
        what = json.loads(packet[packet.index(b'{"frame"') :])
        frame_number = self._read_dependencies(packet, header, what)
        self.parts.append(
            Part(
                self._server.clock.now,
                header.sequence_number,
                header.rtp_timestamp,
                header.marker,
                what,
                frame_number,
            )
        )

    def take_rtcp(self, data: bytes) -> None:
        parse_compound(data)

    def _read_dependencies(
        self, packet: bytes, header: RtpHeader, what: dict[str, Any]
    ) -> int | None:
        for extension in self.subscription.parameters.extensions:
            element = find_element(packet, header, extension.extension_id)
            assert element is not None
            number, frame = self._descriptors.read(packet[element.offset : element.end])
            assert (frame.spatial_layer, frame.temporal_layer) == (
                what["frame"][1],
                what["temporal"],
            )
            return number
        return None

    def layers_seen(self) -> set[tuple[int, int]]:
        """Return the spatial and temporal layers of the last half second."""
        since = self._server.clock.now - 0.5
        return {
            (part.what["frame"][1], part.what["temporal"]) for part in self.parts if part.at > since
        }


def assert_decodable(parts: list[Part]) -> None:
    """Check that all frames are whole and in order, and that what they refer to has come.

    Also by the numbers of their descriptors, which say how far back the frames referred to lie.
    """
    decoded: dict[tuple[int, ...], int | None] = {}
    for before, part in zip([None, *parts], parts, strict=False):
        what = part.what
        frame = tuple(what["frame"])
        if before is None:
            assert (what["references"], what["index"]) == ([], 0)
        else:
            assert (part.sequence_number - before.sequence_number) & 0xFFFF == 1
            assert before.marker == (part.rtp_timestamp != before.rtp_timestamp)
            goes_on = before.what["frame"] == what["frame"]
            assert what["index"] == (before.what["index"] + 1 if goes_on else 0)
            assert goes_on or before.what["index"] == before.what["count"] - 1
        for reference in map(tuple, what["references"]):
            assert reference in decoded
            if part.frame_number is not None:
                distance = SPATIAL_LAYERS * (frame[0] - reference[0]) + frame[1] - reference[1]
                assert part.frame_number - distance == decoded[reference]
        if what["index"] == what["count"] - 1:
            decoded[frame] = part.frame_number
