"""One RTP stream from a publisher: numbers unwrapped, statistics kept, packets remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.rtp.payload.detection import (
    DESCRIPTOR_PARSERS,
    KEYFRAME_DETECTORS,
    DescriptorParser,
    KeyframeDetector,
)
from liverelay.rtp.rtcp.reports import ReportBlock, SenderReport
from liverelay.rtp.serial import SequenceUnwrapper
from liverelay.sdp.parameters import Codec, MediaKind
from liverelay.sfu.dependencies import DependencyReader
from liverelay.sfu.drops import DropCounters, DropReason
from liverelay.sfu.history import InboundPacket, PacketHistory
from liverelay.sfu.nack import NackGenerator
from liverelay.sfu.replay import ReplayWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.types import PayloadType, Ssrc

# Its payloads do not tell where a frame ends, nor from where on a higher layer can be decoded.
_AV1 = "AV1"
# The field for the delay since the last sender report counts 1/65536 s in 32 bits.
_DLSR_PER_SECOND = 1 << 16
# A retransmission can overtake what was sent before it. The packets of a keyframe and more, but so
# few that those which were passed over are asked for and not given up.
_MAX_LEAD = 128


@dataclass(frozen=True, slots=True)
class ReceivedSenderReport:
    """A publisher's sender report, and when it came.

    `ntp_time` is the publisher's, as reports to it repeat it; `server_ntp_time` is the same instant
    on the server's clock.
    """

    ntp_time: int
    server_ntp_time: int
    rtp_timestamp: int
    received_at: float


def _is_any(_payload: bytes | memoryview) -> bool:
    return True


class InboundStream:
    """Receives one SSRC and measures it as RFC 3550 section 6.4.1 and appendix A.8 define.

    A repaired packet, one that came because it was asked for, is forwarded like any other, but
    does not count as received: the report is about the path, not the repair. Where no
    retransmission format was negotiated, repairs come on the stream itself.

    `nacks` is None unless the publisher has agreed to be asked, for the codec it sends.
    `dependencies` is None unless its pictures are described by dependency descriptors.
    """

    def __init__(
        self,
        ssrc: Ssrc,
        kind: MediaKind,
        codecs: Mapping[PayloadType, Codec],
        drops: DropCounters,
        dependency_descriptor_id: int | None = None,
    ) -> None:
        self.ssrc = ssrc
        self.history = PacketHistory()
        self.codec: Codec | None = None
        self.last_sender_report: ReceivedSenderReport | None = None
        self.packets_received = 0
        self.bytes_received = 0
        self.packets_repaired = 0
        self.nacks: NackGenerator | None = None
        self.dependencies: DependencyReader | None = None
        self._kind = kind
        self._codecs = codecs
        self._drops = drops
        self._unwrapper = SequenceUnwrapper()
        self._window = ReplayWindow()
        self._detector: KeyframeDetector = _is_any
        self._parse_descriptor: DescriptorParser | None = None
        self._dependency_descriptor_id = dependency_descriptor_id
        self._first_number = 0
        self._highest_number = -1
        self._jitter_ticks = 0.0
        self._transit = 0.0
        self._reported_expected = 0
        self._reported_received = 0

    @property
    def packets_lost(self) -> int:
        """Packets that should have come by now and did not; negative with duplicates."""
        return self._expected() - self.packets_received

    @property
    def jitter(self) -> float:
        """Interarrival jitter in seconds."""
        return 0.0 if self.codec is None else self._jitter_ticks / self.codec.clock_rate

    def receive(
        self, packet: bytes, header: RtpHeader, now: float, *, repaired: bool = False
    ) -> InboundPacket | None:
        """Count `packet` and return it with its unwrapped number; None if it is to be dropped."""
        codec = self._codecs.get(header.payload_type)
        if codec is None:
            self._drops[DropReason.UNKNOWN_PAYLOAD_TYPE] += 1
            return None
        number = self._unwrapper.unwrap(header.sequence_number)
        if not self._window.accepts(number):
            self._drops[DropReason.DUPLICATE_OR_LATE] += 1
            return None
        if codec is not self.codec:
            self._change_codec(codec, header.rtp_timestamp, now)
        self._count(number, header, now, repaired=repaired)
        payload = memoryview(packet)[header.payload_offset : header.payload_end]
        is_keyframe = len(payload) > 0 and self._detector(payload)
        descriptor = None
        if self._parse_descriptor is not None:
            descriptor = self._parse_descriptor(payload)
        elif self.dependencies is not None:
            descriptor = self.dependencies.describe(packet, header)
            # Every spatial layer of such a picture is marked alike; only the lowest one begins it.
            is_keyframe = is_keyframe and (descriptor is None or descriptor.spatial_layer == 0)
        if is_keyframe and self.nacks is not None:
            self.nacks.on_keyframe(number)
        inbound = InboundPacket(number, packet, header, codec, is_keyframe, now, descriptor)
        self.history.add(inbound)
        return inbound

    def has(self, sequence_number: int) -> bool:
        """Return whether the packet that was sent under this number, 16 bits, is at hand."""
        return self.history.find(self._highest_number + self._lead(sequence_number)) is not None

    def can_have_lost(self, sequence_number: int) -> bool:
        """Return whether this number, 16 bits, is of a packet that may have been sent by now."""
        return self._lead(sequence_number) <= _MAX_LEAD

    def _lead(self, sequence_number: int) -> int:
        """Return how far the number is above the highest that has come; negative if it is below."""
        return ((sequence_number - self._highest_number + 0x8000) & 0xFFFF) - 0x8000

    def on_sender_report(self, report: SenderReport, server_ntp_time: int, now: float) -> None:
        self.last_sender_report = ReceivedSenderReport(
            report.ntp_time, server_ntp_time, report.rtp_timestamp, now
        )

    def take_report_block(self, now: float) -> ReportBlock:
        """Return what to report of this stream, and begin the next interval."""
        expected = self._expected()
        expected_now = expected - self._reported_expected
        lost_now = expected_now - (self.packets_received - self._reported_received)
        self._reported_expected = expected
        self._reported_received = self.packets_received
        fraction = (lost_now << 8) // expected_now if expected_now > 0 and lost_now > 0 else 0
        lsr = dlsr = 0
        if (report := self.last_sender_report) is not None:
            lsr = report.ntp_time >> 16 & 0xFFFFFFFF
            dlsr = int((now - report.received_at) * _DLSR_PER_SECOND) & 0xFFFFFFFF
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(fraction, 255),
            cumulative_lost=self.packets_lost,
            # The unwrapper starts one cycle up, and the report counts cycles from 0.
            highest_sequence=self._highest_number - (1 << 16),
            jitter=int(self._jitter_ticks),
            lsr=lsr,
            dlsr=dlsr,
        )

    def _expected(self) -> int:
        return self._highest_number - self._first_number + 1

    def _change_codec(self, codec: Codec, rtp_timestamp: int, now: float) -> None:
        self.codec = codec
        if self._kind is MediaKind.VIDEO:
            self._detector = KEYFRAME_DETECTORS.get(codec.name.lower(), _is_any)
            self._parse_descriptor = DESCRIPTOR_PARSERS.get(codec.name.lower())
            self.dependencies = None
            if codec.name == _AV1 and self._dependency_descriptor_id is not None:
                self.dependencies = DependencyReader(self._dependency_descriptor_id)
        if "nack" not in codec.feedback:
            self.nacks = None
        elif self.nacks is None:
            self.nacks = NackGenerator()
        # Another clock rate would make the next difference of transit times meaningless.
        self._transit = now * codec.clock_rate - rtp_timestamp

    def _count(self, number: int, header: RtpHeader, now: float, *, repaired: bool) -> None:
        highest = self._highest_number
        if number > highest:
            self._highest_number = number
            if highest < 0:
                self._first_number = number
            elif number > highest + 1 and self.nacks is not None:
                self.nacks.on_gap(highest + 1, number, now)
        elif self.nacks is not None:
            repaired = repaired or self._is_repair(number)
            self.nacks.on_late(number, now, repaired=repaired)
        if repaired:
            self.packets_repaired += 1
            return
        self.packets_received += 1
        self.bytes_received += header.payload_end - header.payload_offset
        if number > highest:
            self._measure_jitter(header.rtp_timestamp, now)

    def _is_repair(self, number: int) -> bool:
        assert self.codec is not None
        assert self.nacks is not None
        return self.codec.rtx_payload_type is None and self.nacks.was_asked_for(number)

    def _measure_jitter(self, rtp_timestamp: int, now: float) -> None:
        """Count a packet that came in order: of others, its own place explains the difference."""
        assert self.codec is not None
        transit = now * self.codec.clock_rate - rtp_timestamp
        # Modulo 2^32, as the timestamp is.
        difference = (transit - self._transit + 0x80000000) % 0x100000000 - 0x80000000
        self._transit = transit
        self._jitter_ticks += (abs(difference) - self._jitter_ticks) / 16
