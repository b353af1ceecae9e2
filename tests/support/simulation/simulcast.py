"""A camera that is sent in three encodings of three temporal layers, as Chromium sends it in VP8.

Every packet says in its payload which frame it is of and what that frame refers to, so that a
viewer's stream can be judged without a decoder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from liverelay.rtp.extensions import MID_URI, RID_URI
from liverelay.rtp.packet import parse_header
from liverelay.rtp.payload.vp8 import parse_descriptor
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sfu.types import SessionId
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import published_video, watched_video
from tests.support.simulation.references import ReferenceFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from liverelay.sfu.subscription import Subscription
    from tests.support.simulation.server import SimulatedServer

FRAME_INTERVAL = 1 / 30
VIDEO_RATE = 90_000
RIDS = ("q", "h", "f")
SIZES = {"q": (320, 180), "h": (640, 360), "f": (1280, 720)}
PACKETS_PER_FRAME = {"q": 1, "h": 3, "f": 6}
EXTENSIONS = (HeaderExtension(4, MID_URI), HeaderExtension(10, RID_URI))
# The temporal layer of each frame, whether it is a layer sync, and how far back the frames lie that
# it refers to: as libwebrtc does it.
PATTERN = (
    (0, False, (4,)),
    (2, True, (1,)),
    (1, True, (2,)),
    (2, False, (1, 3)),
    (0, False, (4,)),
    (2, False, (1, 3)),
    (1, False, (2, 4)),
    (2, False, (1, 3)),
)


@dataclass
class Encoder:
    """One encoding; a keyframe begins the pattern anew."""

    rid: str
    ssrc: int
    sequence_number: int
    rtp_timestamp: int
    picture_id: int
    tl0picidx: int
    is_active: bool = True
    owes_keyframe: bool = True
    frame: int = 0
    keyframe: int = 0
    keyframes_sent: int = 0

    def packets(self, elapsed: float) -> list[bytes]:
        """Return the next frame."""
        is_keyframe, self.owes_keyframe = self.owes_keyframe, False
        self.frame += 1
        if is_keyframe:
            self.keyframe = self.frame
            self.keyframes_sent += 1
        layer, is_sync, distances = PATTERN[(self.frame - self.keyframe) % len(PATTERN)]
        references = [] if is_keyframe else [self.frame - distance for distance in distances]
        self.picture_id = (self.picture_id + 1) & 0x7FFF
        self.tl0picidx = (self.tl0picidx + (layer == 0)) & 0xFF
        count = PACKETS_PER_FRAME[self.rid] * (3 if is_keyframe else 1)
        packets = []
        for index in range(count):
            what = {
                "rid": self.rid,
                "frame": self.frame,
                "index": index,
                "count": count,
                "references": references,
                "layer": layer,
                "is_sync": is_sync,
            }
            descriptor = bytes(
                (
                    0x90 if index == 0 else 0x80,
                    0xE0,
                    0x80 | self.picture_id >> 8,
                    self.picture_id & 0xFF,
                    self.tl0picidx,
                    layer << 6 | is_sync << 5,
                )
            )
            header = self._frame_header(is_keyframe) if index == 0 else bytes(10)
            packets.append(
                rtp(
                    descriptor + header + json.dumps(what).encode(),
                    payload_type=96,
                    sequence_number=self.sequence_number,
                    rtp_timestamp=self.rtp_timestamp + round(elapsed * VIDEO_RATE),
                    ssrc=self.ssrc,
                    marker=index == count - 1,
                    extension=one_byte_elements((4, b"0"), (10, self.rid.encode())),
                )
            )
            self.sequence_number += 1
        return packets

    def _frame_header(self, is_keyframe: bool) -> bytes:
        width, height = SIZES[self.rid]
        tag = bytes((0 if is_keyframe else 1, 0, 0)) + b"\x9d\x01\x2a"
        return tag + width.to_bytes(2, "little") + height.to_bytes(2, "little")


class SimulcastPublisher:
    """Sends all three encodings of every frame, and a keyframe of that which is asked for one.

    With `sends_bursts` the server reads them at once, as one that is busy does. `delay` is how far
    away it is: what it sends arrives so much later, and so does what it is asked.
    """

    def __init__(
        self, server: SimulatedServer, *, sends_bursts: bool = False, delay: float = 0.0
    ) -> None:
        self.session_id = SessionId("publisher")
        self.plis: list[tuple[float, str]] = []
        self.sends_bursts = sends_bursts
        self.encoders = {
            rid: Encoder(
                rid,
                ssrc=0x1000 + index,
                sequence_number=65_400 + 11 * index,
                rtp_timestamp=0xFFFF_0000 + 77_777 * index,
                picture_id=32_700 + 5 * index,
                tl0picidx=250 + index,
            )
            for index, rid in enumerate(RIDS)
        }
        self._server = server
        self._delay = delay
        self._started_at = server.clock.now
        server.add_publications(self, published_video(ssrcs=(), rids=RIDS, extensions=EXTENSIONS))
        self._send_frame()
        server.settle()

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(packet)

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            if isinstance(packet, PictureLossIndication):
                (encoder,) = (e for e in self.encoders.values() if e.ssrc == packet.media_ssrc)
                self.plis.append((self._server.clock.now, encoder.rid))
                self._later(partial(setattr, encoder, "owes_keyframe", True))

    def _send_frame(self) -> None:
        now = self._server.clock.now
        frame = [
            packet
            for encoder in self.encoders.values()
            if encoder.is_active
            for packet in encoder.packets(now - self._started_at)
        ]
        self._later(partial(self._arrive, frame))
        self._server.clock.at(now + FRAME_INTERVAL, self._send_frame)

    def _arrive(self, frame: list[bytes]) -> None:
        for packet in frame:
            self._server.room.on_rtp(self.session_id, packet, self._server.clock.now)
            if not self.sends_bursts:
                self._server.settle()
        self._server.settle()

    def _later(self, action: Callable[[], None]) -> None:
        if self._delay:
            self._server.clock.at(self._server.clock.now + self._delay, action)
        else:
            action()


class Frame(NamedTuple):
    """A frame as a viewer has put it together from consecutive packets."""

    at: float
    rid: str
    number: int
    references: tuple[int, ...]
    layer: int
    is_sync: bool
    is_complete: bool
    rtp_timestamp: int
    picture_id: int
    tl0picidx: int

    @property
    def is_keyframe(self) -> bool:
        return not self.references


class _Part(NamedTuple):
    at: float
    sequence_number: int
    rtp_timestamp: int
    marker: bool
    picture_id: int
    tl0picidx: int
    what: dict[str, Any]


class SimulcastViewer:
    """Takes what it is sent, in order, and puts frames together."""

    def __init__(self, server: SimulatedServer, name: str = "viewer") -> None:
        self.session_id = SessionId(name)
        self._server = server
        self._parts: list[_Part] = []
        (self.subscription,) = self._subscribe(name)

    def take_rtp(self, packet: bytes) -> None:
        header = parse_header(packet)
        payload = packet[header.payload_offset : header.payload_end]
        descriptor = parse_descriptor(payload)
        assert descriptor is not None
        assert descriptor.picture_id is not None
        assert descriptor.tl0picidx is not None
        self._parts.append(
            _Part(
                self._server.clock.now,
                header.sequence_number,
                header.rtp_timestamp,
                header.marker,
                descriptor.picture_id,
                descriptor.tl0picidx,
                json.loads(payload[16:]),
            )
        )

    def take_rtcp(self, data: bytes) -> None:
        parse_compound(data)

    def in_order(self) -> list[_Part]:
        """Return the packets by sequence number."""
        first = self._parts[0].sequence_number
        return sorted(
            self._parts, key=lambda part: (part.sequence_number - first + 0x1000) & 0xFFFF
        )

    def frames(self) -> list[Frame]:
        """Return all frames, also those of which something is missing."""
        frames: list[list[_Part]] = []
        last = None
        for part in self.in_order():
            name = part.what["rid"], part.what["frame"]
            if name != last:
                frames.append([])
                last = name
            frames[-1].append(part)
        return [_frame(parts) for parts in frames]

    def shown(self) -> str:
        """Return the encodings it has been shown, in order, each once for a run."""
        runs = ""
        for frame in self.frames():
            if not runs.endswith(frame.rid):
                runs += frame.rid
        return runs

    def _subscribe(self, name: str) -> Iterable[Subscription]:
        return self._server.add_subscriptions(self, name, watched_video(), is_tried=True)


def _frame(parts: list[_Part]) -> Frame:
    first = parts[0]
    assert {part.picture_id for part in parts} == {first.picture_id}
    assert {part.rtp_timestamp for part in parts} == {first.rtp_timestamp}
    numbers = [(part.sequence_number - first.sequence_number) & 0xFFFF for part in parts]
    return Frame(
        at=parts[-1].at,
        rid=first.what["rid"],
        number=first.what["frame"],
        references=tuple(first.what["references"]),
        layer=first.what["layer"],
        is_sync=first.what["is_sync"],
        is_complete=[part.what["index"] for part in parts]
        == numbers
        == list(range(first.what["count"]))
        and parts[-1].marker,
        rtp_timestamp=first.rtp_timestamp,
        picture_id=first.picture_id,
        tl0picidx=first.tl0picidx,
    )


def assert_decodable(frames: list[Frame]) -> None:
    """Check that what each frame needs has come before it, and that the numbers say so.

    A frame may be cut short only by a switch: the next one is a keyframe of another encoding.
    """
    decoded: set[tuple[str, int]] = set()
    finder = ReferenceFinder()
    for before, frame in zip([None, *frames], [*frames], strict=False):
        if before is not None:
            assert 0 < (frame.rtp_timestamp - before.rtp_timestamp) & 0xFFFFFFFF < VIDEO_RATE * 60
            assert 0 < (frame.picture_id - before.picture_id) & 0x7FFF < 0x4000
            assert (frame.tl0picidx - before.tl0picidx) & 0xFF < 0x80
            assert before.is_complete or (frame.is_keyframe and before.rid != frame.rid)
        if frame.is_keyframe:
            decoded.clear()
        assert {(frame.rid, number) for number in frame.references} <= decoded
        assert finder.accepts(
            frame.picture_id,
            frame.tl0picidx,
            frame.layer,
            is_keyframe=frame.is_keyframe,
            is_sync=frame.is_sync,
        )
        decoded.add((frame.rid, frame.number))
