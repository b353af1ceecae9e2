"""Simulated viewers that tell what their path carries: by reports, by REMB or by transport-cc."""

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
from liverelay.sfu.arrivals import FEEDBACK_INTERVAL, ArrivalRecorder
from tests.support.parameters import (
    ABS_SEND_TIME_EXTENSION,
    TRANSPORT_CC_EXTENSION,
    watched_audio,
    watched_video,
)
from tests.support.simulation.judge import RTX_SSRC, VIDEO_SSRC
from tests.support.simulation.viewer import (
    AUDIO_SSRC,
    REPORT_INTERVAL,
    ReceptionCounts,
    SimulatedViewer,
)

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.sdp.parameters import HeaderExtension, SendParameters
    from liverelay.sfu.subscription import Subscription
    from tests.support.network import Conditions
    from tests.support.simulation.server import SimulatedServer

_OWN_SSRC = Ssrc(1)
_ESTIMATE_INTERVAL = 0.2
# What Chromium was seen to do.
_FIRST_REPORT_AFTER = 0.5
_SOUND_REPORT_INTERVAL = 5.0
# A fall of so much is told at once.
_URGENT_SHARE = 0.97
# Of an acknowledging viewer's clock; within it the clock of its reports begins anew.
_CLOCK_OFFSET = (1 << 24) * 0.064 - 110


class ReportingViewer(SimulatedViewer):
    """Reports so that round trips can be measured, once a second on all streams together.

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
        self._other_counts = {ssrc: ReceptionCounts(ssrc) for ssrc in (RTX_SSRC, AUDIO_SSRC)}
        # What each stream's last report said, and when it came.
        self._sender_reports: dict[int, tuple[int, float]] = {}

    @override
    def parameters(self) -> tuple[SendParameters, SendParameters]:
        video = watched_video()
        return video if self._has_rtx else replace(video, rtx_ssrc=None), watched_audio()

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

    def _watched(self, extension: HeaderExtension) -> SendParameters:
        video = watched_video(extensions=(extension,))
        return video if self._has_rtx else replace(video, rtx_ssrc=None)

    def _judge(self, datagram: bytes, header: RtpHeader) -> None:
        """Take what a packet says of the path."""

    @override
    def _receive(self, datagram: bytes) -> None:
        super()._receive(datagram)
        if classify(datagram) is DatagramKind.RTCP:
            for packet in parse_compound(datagram):
                if isinstance(packet, SenderReport):
                    stamp = packet.ntp_time >> 16 & 0xFFFFFFFF
                    self._sender_reports[packet.ssrc] = stamp, self._clock.now
            return
        header = parse_header(datagram)
        if header.ssrc in self._other_counts:
            self._other_counts[header.ssrc].on_packet(header.sequence_number)
        self._judge(datagram, header)

    @override
    def _report(self) -> None:
        self.up.send(self._report_on(self._counts, *self._other_counts.values()))
        self._clock.at(self._clock.now + REPORT_INTERVAL, self._report)

    def _report_on(self, *streams: ReceptionCounts) -> bytes:
        blocks = (block for counts in streams for block in counts.take_block())
        return ReceiverReport(_OWN_SSRC, tuple(map(self._with_round_trip, blocks))).serialize()

    def _with_round_trip(self, block: ReportBlock) -> ReportBlock:
        if block.ssrc not in self._sender_reports:
            return block
        lsr, received_at = self._sender_reports[block.ssrc]
        return replace(block, lsr=lsr, dlsr=int((self._clock.now - received_at) * 65_536))


class EstimatingViewer(ReportingViewer):
    """Runs aiortc's copy of libwebrtc's estimator, and reports as Chromium does.

    That puts a report on the video in front of whatever else it says. Sound it reports by itself,
    every five seconds.
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
        super().__init__(server, name, conditions, seed, has_rtx=has_rtx)
        self._estimator = RemoteBitrateEstimator()
        self._told_bps = 0
        self._told_at = 0.0

    @override
    def parameters(self) -> tuple[SendParameters, SendParameters]:
        return self._watched(ABS_SEND_TIME_EXTENSION), watched_audio()

    @override
    def start(self) -> None:
        self._watch_over()
        self._clock.at(self._clock.now + _FIRST_REPORT_AFTER, self._report)
        self._clock.at(self._clock.now + _SOUND_REPORT_INTERVAL / 2, self._report_sound)

    @override
    def _report(self) -> None:
        self._say(b"")
        self._clock.at(self._clock.now + REPORT_INTERVAL, self._report)

    def _report_sound(self) -> None:
        self.up.send(self._report_on(self._other_counts[AUDIO_SSRC]))
        self._clock.at(self._clock.now + _SOUND_REPORT_INTERVAL, self._report_sound)

    @override
    def _say(self, feedback: bytes) -> None:
        self.up.send(self._report_on(self._counts, self._other_counts[RTX_SSRC]) + feedback)

    @override
    def _judge(self, datagram: bytes, header: RtpHeader) -> None:
        # A packet of nothing, in the place of one that came too late to be left out, has no date.
        if header.ssrc == AUDIO_SSRC or len(datagram) == header.payload_offset:
            return
        element = find_element(datagram, header, ABS_SEND_TIME_EXTENSION.extension_id)
        assert element is not None
        sent_at = int.from_bytes(datagram[element.offset : element.end])
        size = len(datagram) - header.payload_offset
        now_ms = int(self._clock.now * 1000)
        estimate = self._estimator.add(now_ms, sent_at, size, header.ssrc)
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
            self._say(remb.serialize())


class AcknowledgingViewer(ReportingViewer):
    """Reports on each packet, and makes no estimate of its own.

    Its clock is not the server's. The recorder is the server's own, as that of publishers.
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
        super().__init__(server, name, conditions, seed, has_rtx=has_rtx)
        self._arrivals = ArrivalRecorder()

    @override
    def parameters(self) -> tuple[SendParameters, SendParameters]:
        sound = watched_audio(extensions=(TRANSPORT_CC_EXTENSION,))
        return self._watched(TRANSPORT_CC_EXTENSION), sound

    @override
    def start(self) -> None:
        super().start()
        self._acknowledge()

    @override
    def _judge(self, datagram: bytes, header: RtpHeader) -> None:
        element = find_element(datagram, header, TRANSPORT_CC_EXTENSION.extension_id)
        assert element is not None
        number = int.from_bytes(datagram[element.offset : element.end])
        self._arrivals.on_packet(number, self._clock.now + _CLOCK_OFFSET)

    def _acknowledge(self) -> None:
        now = self._clock.now
        for data in self._arrivals.take_feedback(_OWN_SSRC, Ssrc(VIDEO_SSRC), now + _CLOCK_OFFSET):
            self.up.send(data)
        self._clock.at(now + FEEDBACK_INTERVAL, self._acknowledge)
