"""A simulated viewer: what it receives, asks for and reports is modelled on Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.packet import RtpHeader, parse_header
from liverelay.rtp.rtcp.feedback import GenericNack, PictureLossIndication
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.serial import SequenceUnwrapper
from liverelay.rtp.types import Ssrc
from liverelay.sfu.types import SessionId
from tests.support.network import Conditions, Link
from tests.support.parameters import watched_audio, watched_video
from tests.support.simulation.assembly import FrameAssembler
from tests.support.simulation.judge import RTX_SSRC, VIDEO_SSRC, Judge
from tests.support.simulation.losses import CHECK_INTERVAL, LossRequester
from tests.support.simulation.sound import Ear

if TYPE_CHECKING:
    from liverelay.sdp.parameters import SendParameters
    from tests.support.simulation.server import SimulatedServer

AUDIO_SSRC = 0xA0DE

REPORT_INTERVAL = 1.0

_OWN_SSRC = Ssrc(1)
# How long a browser waits for a picture before it asks for a keyframe: at first, and later.
_FIRST_PATIENCE, _PATIENCE = 0.2, 3.0


class SimulatedViewer:
    """One connection that watches one camera."""

    def __init__(
        self, server: SimulatedServer, name: str, conditions: Conditions, seed: int = 1
    ) -> None:
        self.session_id = SessionId(name)
        self.judge = Judge()
        self.ear = Ear()
        self.losses = LossRequester()
        self.up = Link(
            server.clock, lambda data: server.take(self.session_id, data), conditions, seed
        )
        self.down = Link(server.clock, self._receive, conditions, seed + 1)
        self.plis_sent = 0
        self._clock = server.clock
        self._assembler = FrameAssembler()
        self._unwrapper = SequenceUnwrapper()
        self._counts = ReceptionCounts(VIDEO_SSRC)
        self._decoded_at = server.clock.now
        self._asked_at = server.clock.now
        self._is_live = True

    def parameters(self) -> tuple[SendParameters, SendParameters]:
        return watched_video(), watched_audio()

    def start(self) -> None:
        self._watch_over()
        self._report()

    def set_conditions(self, conditions: Conditions) -> None:
        """Make both ways alike."""
        self.up.path.conditions = self.down.path.conditions = conditions

    def take_rtp(self, packet: bytes) -> None:
        self.judge.on_forwarded(packet)
        self.down.send(packet)

    def take_rtcp(self, data: bytes) -> None:
        self.down.send(data)

    def _receive(self, datagram: bytes) -> None:
        if classify(datagram) is DatagramKind.RTCP:
            return
        header = parse_header(datagram)
        payload = datagram[header.payload_offset : header.payload_end]
        if header.ssrc == AUDIO_SSRC:
            self.ear.hear(payload, self._clock.now)
        elif header.ssrc == VIDEO_SSRC:
            self._counts.on_packet(header.sequence_number)
            self._take_video(header, header.sequence_number, payload)
        elif header.ssrc == RTX_SSRC and len(payload) > 2:
            self._take_video(header, int.from_bytes(payload[:2]), payload[2:])

    def _take_video(self, header: RtpHeader, sequence_number: int, payload: bytes) -> None:
        now = self._clock.now
        number = self._unwrapper.unwrap(sequence_number)
        self._assembler.add(number, header.rtp_timestamp, payload, now, marker=bool(header.marker))
        is_repeated = header.ssrc == RTX_SSRC
        self._ask_for(self.losses.on_packet(number, now, is_repeated=is_repeated))
        self._decode()
        if self.losses.gives_up:
            self._ask_for_keyframe()

    def _decode(self) -> None:
        now = self._clock.now
        for frame in self._assembler.take_decodable(now):
            self.judge.on_decoded(frame, now)
            self._decoded_at = now
        self.losses.forget_before(self._assembler.decoded_up_to)

    def _watch_over(self) -> None:
        now = self._clock.now
        self._decode()
        self._ask_for(self.losses.check(now))
        patience = _PATIENCE if self.judge.decoded else _FIRST_PATIENCE
        if now - max(self._decoded_at, self._asked_at) >= patience:
            self._ask_for_keyframe()
        self._clock.at(now + CHECK_INTERVAL, self._watch_over)

    def _ask_for(self, numbers: list[int]) -> None:
        if numbers:
            lost = tuple(number & 0xFFFF for number in numbers)
            self._say(GenericNack(_OWN_SSRC, Ssrc(VIDEO_SSRC), lost).serialize())

    def _ask_for_keyframe(self) -> None:
        self._asked_at = self._clock.now
        self.plis_sent += 1
        self._say(PictureLossIndication(_OWN_SSRC, Ssrc(VIDEO_SSRC)).serialize())

    def _say(self, feedback: bytes) -> None:
        """Send a message, as a client that has agreed to send it by itself (RFC 5506)."""
        self.up.send(feedback)

    def _report(self) -> None:
        blocks = self._counts.take_block()
        self.up.send(ReceiverReport(_OWN_SSRC, blocks).serialize())
        self._clock.at(self._clock.now + REPORT_INTERVAL, self._report)


class ReceptionCounts:
    """What receiver reports say of one stream (RFC 3550 section 6.4.1)."""

    def __init__(self, ssrc: int) -> None:
        self._ssrc = Ssrc(ssrc)
        self._unwrapper = SequenceUnwrapper()
        self._first: int | None = None
        self._highest = 0
        self._received = 0
        self._reported = (0, 0)

    def on_packet(self, sequence_number: int) -> None:
        number = self._unwrapper.unwrap(sequence_number)
        if self._first is None:
            self._first = number
        self._highest = max(self._highest, number)
        self._received += 1

    def take_block(self) -> tuple[ReportBlock, ...]:
        if self._first is None:
            return ()
        expected = self._highest - self._first + 1
        expected_now = expected - self._reported[0]
        lost_now = max(0, expected_now - (self._received - self._reported[1]))
        self._reported = (expected, self._received)
        fraction = min(255, lost_now * 256 // expected_now) if expected_now else 0
        lost = expected - self._received
        return (ReportBlock(self._ssrc, fraction, lost, self._highest, 0, 0, 0),)
