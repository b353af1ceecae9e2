"""Publishers, a room and viewers in one process: real packets, simulated time, no sockets."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp import rtx
from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import RtcpPacket, parse_compound
from liverelay.rtp.rtcp.feedback import GenericNack, PictureLossIndication
from liverelay.rtp.rtcp.reports import SenderReport
from liverelay.rtp.types import PayloadType, Ssrc
from liverelay.sfu.types import SessionId
from tests.support.network import Conditions, Link
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, rtp
from tests.support.parameters import (
    published_audio,
    published_video,
    watched_audio,
    watched_video,
)
from tests.support.simulation.server import SimulatedServer

if TYPE_CHECKING:
    from liverelay.sdp.parameters import ReceiveParameters, SendParameters
    from liverelay.sfu.subscription import Subscription

VIDEO_RATE = 90_000
AUDIO_RATE = 48_000
FRAME_INTERVAL = 1 / 30
PACKETS_PER_FRAME = 4
AUDIO_INTERVAL = 0.02
# Where a publisher's wall clock stands at time 0 of the simulation.
NTP_EPOCH = 3_900_000_000


class Received(NamedTuple):
    """One packet as a viewer saw it."""

    at: float
    ssrc: int
    payload_type: int
    sequence_number: int
    rtp_timestamp: int
    payload: bytes


@dataclass(frozen=True)
class Numbers:
    """Where a publisher's streams start; those of a browser are random."""

    video_ssrc: int = 0x1234
    audio_ssrc: int = 0x5678
    sequence_number: int = 65_500
    rtp_timestamp: int = 0xFFFF_F000
    # Seconds by which the publisher's wall clock is ahead.
    ntp_ahead: float = 0.0
    rtx_ssrc: int = 0x9999


class Publisher:
    """Sends frames of four packets and 20 ms of sound, and a keyframe when asked for one.

    What a NACK names is sent again: as `rtx_payload_type`, or as it was if that is None.

    The payload of each packet ends in its name and the media time at which it was captured, so that
    a viewer can tell what it is watching.
    """

    def __init__(self, scenario: Scenario, name: str, numbers: Numbers, conditions: Conditions):
        self.session_id = SessionId(name)
        self.numbers = numbers
        self.rtcp: list[tuple[float, RtcpPacket]] = []
        self.is_live = True
        self.sends_padding = False
        self.sends_video = self.sends_sound = True
        self.video_payload_type = 96
        self.rtx_payload_type: int | None = None
        self.link = Link(scenario.clock, self._arrive, conditions)
        self.feedback_link = Link(scenario.clock, self._receive_rtcp, Conditions(delay=0.0), seed=2)
        self.keyframes_sent = 0
        self._scenario = scenario
        self._started_at = scenario.clock.now
        self._video_sequence = self._audio_sequence = numbers.sequence_number
        self._owes_keyframe = True
        self._sent_video: dict[int, bytes] = {}
        self._rtx_sequence = 0

    def start(self) -> None:
        self._send_frame()
        self._send_sound()
        self._send_reports()

    @property
    def plis(self) -> list[float]:
        return [at for at, packet in self.rtcp if isinstance(packet, PictureLossIndication)]

    @property
    def nacked(self) -> list[int]:
        """Every sequence number that was asked for, each time it was."""
        nacks = (packet for _, packet in self.rtcp if isinstance(packet, GenericNack))
        return [number for nack in nacks for number in nack.lost]

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(f"nothing was to come here: {packet!r}")

    def take_rtcp(self, data: bytes) -> None:
        self.feedback_link.send(data)

    def video_timestamp(self, at: float) -> int:
        elapsed = at - self._started_at
        return (self.numbers.rtp_timestamp + round(elapsed * VIDEO_RATE)) & 0xFFFFFFFF

    def audio_timestamp(self, at: float) -> int:
        elapsed = at - self._started_at
        return (self.numbers.rtp_timestamp + round(elapsed * AUDIO_RATE)) & 0xFFFFFFFF

    def ntp_time(self, at: float) -> int:
        return int((NTP_EPOCH + at + self.numbers.ntp_ahead) * (1 << 32))

    def _receive_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            self.rtcp.append((self._scenario.clock.now, packet))
            self._owes_keyframe |= isinstance(packet, PictureLossIndication)
            if isinstance(packet, GenericNack):
                for number in packet.lost:
                    self._send_again(self._sent_video[number])

    def _send_again(self, packet: bytes) -> None:
        if self.rtx_payload_type is not None:
            header, payload_type = parse_header(packet), PayloadType(self.rtx_payload_type)
            again = rtx.wrap(packet, header, payload_type, header.sequence_number)
            struct.pack_into("!H", again, 2, self._rtx_sequence & 0xFFFF)
            struct.pack_into("!I", again, 8, self.numbers.rtx_ssrc)
            self._rtx_sequence += 1
            packet = bytes(again)
        self.link.send(packet)

    def _arrive(self, packet: bytes) -> None:
        if self.is_live:
            self._scenario.on_rtp(self.session_id, packet)

    def _send_frame(self) -> None:
        if not self.is_live:
            return
        now = self._scenario.clock.now
        self._scenario.clock.at(now + FRAME_INTERVAL, self._send_frame)
        if not self.sends_video:
            return
        start = VP8_KEYFRAME if self._owes_keyframe else VP8_DELTA
        self.keyframes_sent += self._owes_keyframe
        self._owes_keyframe = False
        for index in range(PACKETS_PER_FRAME):
            # Only the first packet of a frame has the start bit of VP8's descriptor.
            payload = (start if index == 0 else bytes(22)) + self._mark(now)
            self._send_video(payload, marker=index == PACKETS_PER_FRAME - 1)
        if self.sends_padding:
            self._send_video(b"", padding=200)

    def _mark(self, now: float) -> bytes:
        return f"{self.session_id[:3]}{now:10.6f}".encode()

    def _send_video(self, payload: bytes, *, marker: bool = False, padding: int = 0) -> None:
        packet = rtp(
            payload,
            payload_type=self.video_payload_type,
            sequence_number=self._video_sequence,
            rtp_timestamp=self.video_timestamp(self._scenario.clock.now),
            ssrc=self.numbers.video_ssrc,
            marker=marker,
            padding=padding,
        )
        self._sent_video[self._video_sequence & 0xFFFF] = packet
        self._video_sequence += 1
        self.link.send(packet)

    def _send_sound(self) -> None:
        if not self.is_live:
            return
        now = self._scenario.clock.now
        self._scenario.clock.at(now + AUDIO_INTERVAL, self._send_sound)
        if not self.sends_sound:
            return
        self.link.send(
            rtp(
                self._mark(now),
                payload_type=111,
                sequence_number=self._audio_sequence,
                rtp_timestamp=self.audio_timestamp(now),
                ssrc=self.numbers.audio_ssrc,
            )
        )
        self._audio_sequence += 1

    def _send_reports(self) -> None:
        if not self.is_live:
            return
        now = self._scenario.clock.now
        for ssrc, timestamp in (
            (self.numbers.video_ssrc, self.video_timestamp(now)),
            (self.numbers.audio_ssrc, self.audio_timestamp(now)),
        ):
            report = SenderReport(Ssrc(ssrc), self.ntp_time(now), timestamp, 0, 0)
            self._scenario.on_rtcp(self.session_id, report.serialize())
        self._scenario.clock.at(now + 1.0, self._send_reports)


class Viewer:
    """Remembers all it gets, and asks again for what is missing if `sends_nacks`."""

    def __init__(self, scenario: Scenario, name: str, conditions: Conditions):
        self.session_id = SessionId(name)
        self.subscriptions: list[Subscription] = []
        self.packets: list[Received] = []
        self.rtcp: list[tuple[float, RtcpPacket]] = []
        self.sends_nacks = False
        self.link = Link(scenario.clock, self._receive, conditions, seed=len(name))
        self._scenario = scenario
        self._highest: dict[int, int] = {}

    def stream(self, ssrc: int) -> list[Received]:
        return [packet for packet in self.packets if packet.ssrc == ssrc]

    def in_order(self, ssrc: int) -> list[Received]:
        """Return a stream by sequence number; none is longer than half the number space."""
        stream = self.stream(ssrc)
        first = stream[0].sequence_number
        return sorted(stream, key=lambda packet: (packet.sequence_number - first + 0x8000) & 0xFFFF)

    def sender_reports(self, ssrc: int) -> list[tuple[float, SenderReport]]:
        return [
            (at, packet)
            for at, packet in self.rtcp
            if isinstance(packet, SenderReport) and packet.ssrc == ssrc
        ]

    def take_rtp(self, packet: bytes) -> None:
        self.link.send(packet)

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            self.rtcp.append((self._scenario.clock.now, packet))

    def send_pli(self, ssrc: int) -> None:
        pli = PictureLossIndication(Ssrc(1), Ssrc(ssrc))
        self._scenario.on_rtcp(self.session_id, pli.serialize())

    def send_nack(self, ssrc: int, *lost: int) -> None:
        nack = GenericNack(Ssrc(1), Ssrc(ssrc), lost)
        self._scenario.on_rtcp(self.session_id, nack.serialize())

    def _receive(self, data: bytes) -> None:
        header = parse_header(data)
        payload = data[header.payload_offset : header.payload_end]
        _, payload_type, sequence_number, rtp_timestamp, ssrc = header[:5]
        self.packets.append(
            Received(
                self._scenario.clock.now,
                ssrc,
                payload_type,
                sequence_number,
                rtp_timestamp,
                payload,
            )
        )
        if self.sends_nacks:
            self._ask_for_gap(ssrc, sequence_number)

    def _ask_for_gap(self, ssrc: int, sequence_number: int) -> None:
        highest = self._highest.setdefault(ssrc, sequence_number)
        ahead = (sequence_number - highest) & 0xFFFF
        if 0 < ahead < 0x8000:
            self._highest[ssrc] = sequence_number
            if ahead > 1:
                self.send_nack(ssrc, *((highest + step) & 0xFFFF for step in range(1, ahead)))


class Scenario(SimulatedServer):
    """A room whose peers have links for their media, and are told RTCP at once."""

    def publish(
        self,
        name: str = "publisher",
        numbers: Numbers | None = None,
        conditions: Conditions | None = None,
        video: ReceiveParameters | None = None,
        audio: ReceiveParameters | None = None,
    ) -> Publisher:
        numbers = numbers or Numbers()
        publisher = Publisher(self, name, numbers, conditions or Conditions())
        video = video or published_video(ssrcs=(numbers.video_ssrc,))
        publisher.video_payload_type = video.codecs[0].payload_type
        publisher.rtx_payload_type = video.codecs[0].rtx_payload_type
        self.add_publications(
            publisher, video, audio or published_audio(ssrcs=(numbers.audio_ssrc,))
        )
        publisher.start()
        self.settle()
        return publisher

    def unpublish(self, publisher: Publisher) -> None:
        publisher.is_live = False
        self.remove_publications(publisher)

    def watch(
        self,
        name: str = "viewer",
        conditions: Conditions | None = None,
        peer: str | None = None,
        video: SendParameters | None = None,
        audio: SendParameters | None = None,
    ) -> Viewer:
        viewer = Viewer(self, name, conditions or Conditions())
        viewer.subscriptions = self.add_subscriptions(
            viewer, peer or name, video or watched_video(), audio or watched_audio()
        )
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.remove_subscriptions(viewer, viewer.subscriptions)
