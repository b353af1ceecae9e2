"""A streamer with OBS, which sends H.264 in three sizes, the largest first.

What sets it apart from browsers: no keyframe is made because one is asked for, no retransmission
stream and no sender reports, and each NAL unit in packets of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import GenericNack
from liverelay.rtp.types import PayloadType
from liverelay.sdp.answer import Purpose
from liverelay.sfu.types import SessionId
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import watched_video
from tests.support.sdp import answer_to, h264

if TYPE_CHECKING:
    from tests.support.simulation.server import SimulatedServer

FRAME_INTERVAL = 1 / 30
VIDEO_RATE = 90_000
# OBS's advice to streamers: one every two seconds.
FRAMES_PER_KEYFRAME = 60
# Sequence parameter sets of x264.
PARAMETER_SETS = {
    "0": bytes.fromhex("674d4028da01e0089f961000000300100000030328f1832a"),
    "1": bytes.fromhex("67640020acb402b030f370800000030080000019478c1950"),
    "2": bytes.fromhex("6742c01eda0280bfe584000003000400000300ca3c58ba80"),
}
WIDTHS = {"0": 1920, "1": 1366, "2": 640}
PACKETS_PER_FRAME = {"0": 5, "1": 3, "2": 1}
PICTURE_PARAMETER_SET = bytes.fromhex("68ce3c80")
VIEWER_H264 = replace(h264(payload_type=108), rtx_payload_type=PayloadType(109))


@dataclass
class _Encoder:
    rid: str
    ssrc: int
    sequence_number: int
    rtp_timestamp: int
    frames: int = 0
    sent: dict[int, bytes] = field(default_factory=dict)

    def packets(self, elapsed: float) -> list[bytes]:
        """Return the next frame; the payload names its encoding after the header of the slice."""
        is_keyframe = self.frames % FRAMES_PER_KEYFRAME == 0
        self.frames += 1
        name = f"{self.rid}/{self.frames}".encode()
        slices = [
            bytes((0x65 if is_keyframe else 0x41, 0x88 if index == 0 else 0x08)) + name
            for index in range(PACKETS_PER_FRAME[self.rid])
        ]
        heads = [PARAMETER_SETS[self.rid], PICTURE_PARAMETER_SET] if is_keyframe else []
        units = [*heads, *slices]
        return [self._packet(unit, elapsed, marker=unit is units[-1]) for unit in units]

    def _packet(self, unit: bytes, elapsed: float, *, marker: bool) -> bytes:
        packet = rtp(
            unit,
            payload_type=96,
            sequence_number=self.sequence_number,
            rtp_timestamp=self.rtp_timestamp + round(elapsed * VIDEO_RATE),
            ssrc=self.ssrc,
            marker=marker,
            extension=one_byte_elements((1, b"1"), (2, self.rid.encode())),
        )
        self.sent[self.sequence_number & 0xFFFF] = packet
        self.sequence_number += 1
        return packet


class ObsPublisher:
    """Sends all three sizes; of the encoding `losing` the next frame loses its second packet."""

    def __init__(self, server: SimulatedServer) -> None:
        self.session_id = SessionId("publisher")
        self.losing: str | None = None
        self.nack_count = 0
        self._server = server
        self._started_at = server.clock.now
        self._encoders = [
            _Encoder(rid, 2654435762 + index, 65_500 - 200 * index, 1_000_000 * (index + 1))
            for index, rid in enumerate(PARAMETER_SETS)
        ]
        agreed = answer_to("obs-simulcast-style", Purpose.PUBLISH).agreed
        server.add_publications(self, *agreed.receive)
        self._send_frame()

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(packet)

    def take_rtcp(self, data: bytes) -> None:
        """Send again what is asked for, as it was; a request for a keyframe is ignored."""
        for message in parse_compound(data):
            if isinstance(message, GenericNack):
                self.nack_count += 1
                (encoder,) = (e for e in self._encoders if e.ssrc == message.media_ssrc)
                for number in message.lost:
                    self._server.room.on_rtp(
                        self.session_id, encoder.sent[number], self._server.clock.now
                    )

    def _send_frame(self) -> None:
        now = self._server.clock.now
        for encoder in self._encoders:
            packets = encoder.packets(now - self._started_at)
            if encoder.rid == self.losing:
                self.losing = None
                del packets[1]
            for packet in packets:
                self._server.room.on_rtp(self.session_id, packet, now)
        self._server.settle()
        self._server.clock.at(now + FRAME_INTERVAL, self._send_frame)


class Unit(NamedTuple):
    """One NAL unit, as the viewer got it."""

    sequence_number: int
    rtp_timestamp: int
    payload: bytes

    @property
    def rid(self) -> str | None:
        """The encoding that a slice is of; None for a parameter set."""
        return None if self.payload[0] & 0x1F in {7, 8} else self.payload[2:3].decode()

    @property
    def is_parameter_set(self) -> bool:
        return self.payload[0] & 0x1F == 7


class ObsViewer:
    """Takes what it is sent, by sequence number: Chromium with H.264."""

    def __init__(self, server: SimulatedServer) -> None:
        self.session_id = SessionId("viewer")
        self.units: list[Unit] = []
        (self.subscription,) = server.add_subscriptions(
            self, "viewer", watched_video(VIEWER_H264), is_tried=True
        )

    def take_rtp(self, packet: bytes) -> None:
        header = parse_header(packet)
        payload = packet[header.payload_offset : header.payload_end]
        self.units.append(Unit(header.sequence_number, header.rtp_timestamp, payload))
        first = self.units[0].sequence_number
        self.units.sort(key=lambda unit: (unit.sequence_number - first + 0x1000) & 0xFFFF)

    def take_rtcp(self, data: bytes) -> None:
        parse_compound(data)

    def runs(self) -> list[list[Unit]]:
        """Return what it got, cut before each parameter set."""
        runs: list[list[Unit]] = []
        for unit in self.units:
            if unit.is_parameter_set:
                runs.append([])
            runs[-1].append(unit)
        return runs
