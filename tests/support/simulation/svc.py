"""A camera that is sent in one VP9 stream of three spatial and three temporal layers (RFC 9628).

As with simulcast, every packet says what its frame refers to.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.sfu.layers import FrameSize
from liverelay.sfu.types import SessionId
from tests.support.packets import rtp
from tests.support.parameters import VIEWER_VP8, VP8, published_video, watched_video

if TYPE_CHECKING:
    from tests.support.simulation.server import SimulatedServer

PICTURE_INTERVAL = 1 / 30
SPATIAL_LAYERS = 3
PACKETS = (1, 2, 4)
SIZES = (FrameSize(320, 180), FrameSize(640, 360), FrameSize(1280, 720))
VP9 = replace(VP8, name="VP9")
VIEWER_VP9 = replace(VIEWER_VP8, name="VP9")
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


class ScalablePublisher:
    """Sends a keyframe when it is asked for one."""

    def __init__(self, server: SimulatedServer, *, sends_bursts: bool = False) -> None:
        self.session_id = SessionId("publisher")
        self.keyframes_sent = 0
        self._server = server
        self._sends_bursts = sends_bursts
        self._owes_keyframe = True
        self._picture = self._keyframe = 0
        self._sequence_number = 65_400
        self._started_at = server.clock.now
        server.add_publications(self, published_video(VP9))
        self._send_picture()

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(packet)

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            self._owes_keyframe |= isinstance(packet, PictureLossIndication)

    def _send_picture(self) -> None:
        now = self._server.clock.now
        for packet in self._packets(now - self._started_at):
            self._server.room.on_rtp(self.session_id, packet, now)
            if not self._sends_bursts:
                self._server.settle()
        self._server.settle()
        self._server.clock.at(now + PICTURE_INTERVAL, self._send_picture)

    def _packets(self, elapsed: float) -> list[bytes]:
        is_keyframe, self._owes_keyframe = self._owes_keyframe, False
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
            references = [[picture, spatial] for picture in pictures]
            references += [[self._picture, spatial - 1]] if spatial else []
            for index in range(count):
                what = {
                    "frame": [self._picture, spatial],
                    "temporal": layer,
                    "references": references,
                    "index": index,
                    "count": count,
                }
                flags = 0xA0 | 0x40 * (not is_keyframe)
                flags |= 0x08 * (index == 0) | 0x04 * (index == count - 1)
                indices = layer << 5 | is_switching_point << 4 | spatial << 1 | (spatial > 0)
                picture_id = 0x8000 | self._picture & 0x7FFF
                descriptor = bytes((flags, *picture_id.to_bytes(2), indices, self._picture & 0xFF))
                if is_keyframe and spatial == index == 0:
                    descriptor = bytes((flags | 0x02,)) + descriptor[1:] + _structure()
                packets.append(
                    rtp(
                        descriptor + json.dumps(what).encode().ljust(200),
                        sequence_number=self._sequence_number,
                        rtp_timestamp=round(elapsed * 90_000),
                        marker=spatial == SPATIAL_LAYERS - 1 and index == count - 1,
                    )
                )
                self._sequence_number += 1
        return packets


def _structure() -> bytes:
    """Return what a keyframe begins with: how many layers, and the size of each."""
    sides = b"".join(side.to_bytes(2) for size in SIZES for side in size)
    return bytes(((SPATIAL_LAYERS - 1) << 5 | 0x10,)) + sides


class Part(NamedTuple):
    """One packet, as the viewer got it."""

    at: float
    sequence_number: int
    rtp_timestamp: int
    marker: bool
    what: dict[str, Any]


class ScalableViewer:
    """Takes what it is sent, in order."""

    def __init__(self, server: SimulatedServer, name: str = "viewer") -> None:
        self.session_id = SessionId(name)
        self._server = server
        self.parts: list[Part] = []
        (self.subscription,) = server.add_subscriptions(self, name, watched_video(VIEWER_VP9))

    def take_rtp(self, packet: bytes) -> None:
        header = parse_header(packet)
        what = json.loads(packet[packet.index(b'{"frame"') :])
        self.parts.append(
            Part(
                self._server.clock.now,
                header.sequence_number,
                header.rtp_timestamp,
                header.marker,
                what,
            )
        )

    def take_rtcp(self, data: bytes) -> None:
        parse_compound(data)

    def layers_seen(self) -> set[tuple[int, int]]:
        """Return the spatial and temporal layers of the last half second."""
        since = self._server.clock.now - 0.5
        return {
            (part.what["frame"][1], part.what["temporal"]) for part in self.parts if part.at > since
        }


def assert_decodable(parts: list[Part]) -> None:
    """Check that all frames are whole and in order, and that what they refer to has come."""
    decoded: set[tuple[int, int]] = set()
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
        assert {tuple(each) for each in what["references"]} <= decoded
        if what["index"] == what["count"] - 1:
            decoded.add((frame[0], frame[1]))
