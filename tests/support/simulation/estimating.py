"""A simulated viewer that tells what its path carries, as libwebrtc does by REMB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiortc.rate import RemoteBitrateEstimator
from typing_extensions import override

from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.extensions import find_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import ReceiverEstimatedMaximumBitrate
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock, SenderReport
from liverelay.rtp.types import Ssrc
from tests.support.parameters import ABS_SEND_TIME_EXTENSION, watched_audio, watched_video
from tests.support.simulation.viewer import AUDIO_SSRC, ReceptionCounts, SimulatedViewer

if TYPE_CHECKING:
    from liverelay.sdp.parameters import SendParameters
    from liverelay.sfu.subscription import Subscription
    from tests.support.network import Conditions
    from tests.support.simulation.server import SimulatedServer

_OWN_SSRC = Ssrc(1)
_ESTIMATE_INTERVAL = 0.2
# A fall of so much is told at once.
_URGENT_SHARE = 0.97


class EstimatingViewer(SimulatedViewer):
    """Runs aiortc's copy of libwebrtc's estimator, and reports so that round trips can be measured.

    Without `has_rtx` it has no retransmission format, so that its path cannot be probed.
    """

    def __init__(
        self,
        server: SimulatedServer,
        name: str,
        conditions: Conditions,
        seed: int,
        *,
        has_rtx: bool = True,
    ) -> None:
        super().__init__(server, name, conditions, seed)
        self.video: Subscription | None = None
        self._has_rtx = has_rtx
        self._estimator = RemoteBitrateEstimator()
        self._told_bps = 0
        self._told_at = 0.0
        self._sound_counts = ReceptionCounts(AUDIO_SSRC)
        # What each stream's last report said, and when it came.
        self._sender_reports: dict[int, tuple[int, float]] = {}

    @property
    def encoding_index(self) -> int | None:
        """Which of the camera's encodings it is to be sent."""
        assert self.video is not None
        return None if self.video.layer is None else self.video.layer.encoding_index

    @property
    def padding_sent(self) -> int:
        """Bytes sent beside the video, asked for or not."""
        assert self.video is not None
        return self.video.padding_sent

    @override
    def parameters(self) -> tuple[SendParameters, SendParameters]:
        video = watched_video(extensions=(ABS_SEND_TIME_EXTENSION,))
        return video if self._has_rtx else replace(video, rtx_ssrc=None), watched_audio()

    @override
    def _receive(self, datagram: bytes) -> None:
        super()._receive(datagram)
        now = self._clock.now
        if classify(datagram) is DatagramKind.RTCP:
            for packet in parse_compound(datagram):
                if isinstance(packet, SenderReport):
                    self._sender_reports[packet.ssrc] = packet.ntp_time >> 16 & 0xFFFFFFFF, now
            return
        header = parse_header(datagram)
        if header.ssrc == AUDIO_SSRC:
            self._sound_counts.on_packet(header.sequence_number)
            return
        element = find_element(datagram, header, ABS_SEND_TIME_EXTENSION.extension_id)
        assert element is not None
        sent_at = int.from_bytes(datagram[element.offset : element.end])
        size = len(datagram) - header.payload_offset
        estimate = self._estimator.add(int(now * 1000), sent_at, size, header.ssrc)
        if estimate is not None:
            self._tell(*estimate)

    def _tell(self, bitrate_bps: int, ssrcs: list[int]) -> None:
        now = self._clock.now
        if (
            now - self._told_at >= _ESTIMATE_INTERVAL
            or bitrate_bps < _URGENT_SHARE * self._told_bps
        ):
            self._told_bps, self._told_at = bitrate_bps, now
            names = tuple(Ssrc(ssrc) for ssrc in ssrcs)
            remb = ReceiverEstimatedMaximumBitrate(_OWN_SSRC, bitrate_bps, names)
            self.up.send(remb.serialize())

    @override
    def _report(self) -> None:
        now = self._clock.now
        blocks = tuple(
            self._with_round_trip(block, now)
            for block in (*self._counts.take_block(), *self._sound_counts.take_block())
        )
        self.up.send(ReceiverReport(_OWN_SSRC, blocks).serialize())
        self._clock.at(now + 1.0, self._report)

    def _with_round_trip(self, block: ReportBlock, now: float) -> ReportBlock:
        if block.ssrc not in self._sender_reports:
            return block
        lsr, received_at = self._sender_reports[block.ssrc]
        return replace(block, lsr=lsr, dlsr=int((now - received_at) * 65_536))
