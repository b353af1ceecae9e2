"""A simulated publisher: camera and microphone, and what a browser does with the feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.extensions import (
    MID_URI,
    REPAIRED_RID_URI,
    RID_URI,
    TRANSPORT_CC_URI,
)
from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import RtcpPacket, parse_compound
from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    PictureLossIndication,
    ReceiverEstimatedMaximumBitrate,
)
from liverelay.rtp.rtcp.reports import SenderReport
from liverelay.rtp.types import Ssrc
from liverelay.sdp.parameters import Codec, HeaderExtension
from liverelay.sfu.types import SessionId
from tests.support.network import Conditions, Link
from tests.support.parameters import published_audio, published_video
from tests.support.simulation.encoder import (
    CLOCK_RATE,
    FRAMES_PER_SECOND,
    MID_ID,
    PAYLOAD_TYPE,
    REPAIRED_RID_ID,
    RID_ID,
    RTX_PAYLOAD_TYPE,
    TRANSPORT_CC_ID,
    Encoder,
    Shape,
)
from tests.support.simulation.frames import read_payload
from tests.support.simulation.sound import Microphone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.sdp.parameters import ReceiveParameters
    from tests.support.simulation.frames import Mark
    from tests.support.simulation.server import SimulatedServer

# Of an estimate, as Chromium does it.
_BESIDE_VIDEO_BPS = 100_000
_NTP_EPOCH = 3_900_000_000

ONE_ENCODING = (Shape(None, 1_000_000),)
# What Chromium makes of a camera of 1280x720.
SIMULCAST = (Shape("q", 150_000), Shape("h", 500_000), Shape("f", 1_700_000))

VIDEO_CODEC = Codec(
    PAYLOAD_TYPE,
    "VP8",
    CLOCK_RATE,
    rtx_payload_type=RTX_PAYLOAD_TYPE,
    feedback=("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"),
)


class Camera:
    """Sends 30 frames and 50 packets of sound a second until it is stopped."""

    def __init__(
        self,
        server: SimulatedServer,
        conditions: Conditions,
        shapes: Sequence[Shape] = ONE_ENCODING,
        temporal_layers: int = 1,
        seed: int = 1,
    ) -> None:
        self.session_id = SessionId("camera")
        self.encoders = [Encoder(shape, i, temporal_layers) for i, shape in enumerate(shapes)]
        self.up = Link(
            server.clock, lambda data: server.take(self.session_id, data), conditions, seed
        )
        self.down = Link(server.clock, self.hear, conditions, seed + 1)
        # Of video, without what was sent again.
        self.packets_sent = 0
        # When the server asked each SSRC for a keyframe.
        self.plis: dict[int, list[float]] = {encoder.ssrc: [] for encoder in self.encoders}
        # The SSRCs that it has asked to send packets of again.
        self.nacked: set[int] = set()
        self._by_ssrc = {encoder.ssrc: encoder for encoder in self.encoders}
        # The estimates that it was sent, all of which it obeys.
        self.limits: list[int] = []
        self._microphone = Microphone()
        self._clock = server.clock
        self._started_at = server.clock.now

    def parameters(self) -> tuple[ReceiveParameters, ReceiveParameters]:
        rids = tuple(e.shape.rid for e in self.encoders if e.shape.rid is not None)
        extensions = tuple(
            HeaderExtension(number, uri)
            for number, uri in (
                (MID_ID, MID_URI),
                (RID_ID, RID_URI),
                (REPAIRED_RID_ID, REPAIRED_RID_URI),
            )
        )
        numbered = (HeaderExtension(TRANSPORT_CC_ID, TRANSPORT_CC_URI),)
        ssrcs = () if rids else tuple(e.ssrc for e in self.encoders)
        rtx_ssrcs = {} if rids else {e.ssrc: e.rtx_ssrc for e in self.encoders}
        return (
            published_video(
                VIDEO_CODEC,
                ssrcs=ssrcs,
                rtx_ssrcs=rtx_ssrcs,
                rids=rids,
                extensions=extensions if rids else extensions + numbered,
            ),
            published_audio(ssrcs=(self._microphone.ssrc,), extensions=extensions),
        )

    def start(self) -> None:
        self._send_frame()
        self._send_sound()
        self._send_reports()

    def mark_of(self, datagram: bytes) -> Mark | None:
        """Return what a datagram of ours is of; None if it is not of the video."""
        if classify(datagram) is DatagramKind.RTCP:
            return None
        header = parse_header(datagram)
        payload = datagram[header.payload_offset : header.payload_end]
        if header.payload_type == RTX_PAYLOAD_TYPE:
            return read_payload(payload[2:])[2]
        return read_payload(payload)[2] if header.payload_type == PAYLOAD_TYPE else None

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(f"nothing was to come here: {packet!r}")

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            if isinstance(packet, PictureLossIndication):
                self.plis[packet.media_ssrc].append(self._clock.now)
            elif isinstance(packet, GenericNack):
                self.nacked.add(packet.media_ssrc)
        self.down.send(data)

    def _send_frame(self) -> None:
        now = self._clock.now
        for encoder in self.encoders:
            if encoder.is_active:
                for packet in encoder.encode(now - self._started_at, now):
                    self.packets_sent += 1
                    self.up.send(packet)
        self._clock.at(now + 1 / FRAMES_PER_SECOND, self._send_frame)

    def _send_sound(self) -> None:
        now = self._clock.now
        self.up.send(self._microphone.record(now))
        self._clock.at(now + self._microphone.interval, self._send_sound)

    def _send_reports(self) -> None:
        now = self._clock.now
        elapsed = now - self._started_at
        ntp_time = int((_NTP_EPOCH + now) * (1 << 32))
        stamps = [(encoder.ssrc, encoder.rtp_timestamp(elapsed)) for encoder in self.encoders]
        stamps.append((self._microphone.ssrc, self._microphone.rtp_timestamp))
        for ssrc, rtp_timestamp in stamps:
            report = SenderReport(Ssrc(ssrc), ntp_time, rtp_timestamp, 0, 0)
            self.up.send(report.serialize())
        self._clock.at(now + 1.0, self._send_reports)

    def hear(self, data: bytes) -> None:
        for packet in parse_compound(data):
            self._obey(packet)

    def _obey(self, packet: RtcpPacket) -> None:
        match packet:
            case PictureLossIndication():
                self._by_ssrc[packet.media_ssrc].owes_keyframe = True
            case FullIntraRequest():
                for ssrc in packet.media_ssrcs:
                    self._by_ssrc[ssrc].owes_keyframe = True
            case GenericNack() if packet.media_ssrc in self._by_ssrc:
                for number in packet.lost:
                    repeated = self._by_ssrc[packet.media_ssrc].repeat(number)
                    if repeated is not None:
                        self.up.send(repeated)
            case ReceiverEstimatedMaximumBitrate() if len(self.encoders) == 1:
                self.limits.append(packet.bitrate_bps)
                self.encoders[0].limit_bps = max(30_000, packet.bitrate_bps - _BESIDE_VIDEO_BPS)
            case _:
                pass
