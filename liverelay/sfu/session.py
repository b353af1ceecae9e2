"""The media of one peer's session, seen from the wire: what its packets mean to whom.

It changes what the session owns and returns what concerns others, for the room to act on once the
whole packet has been taken in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp import rtx
from liverelay.rtp.extensions import TRANSPORT_CC_URI, find_element
from liverelay.rtp.packet import RtpHeader, parse_header
from liverelay.rtp.rtcp.compound import RtcpPacket, parse_compound
from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    PictureLossIndication,
    ReceiverEstimatedMaximumBitrate,
)
from liverelay.rtp.rtcp.reports import Goodbye, ReceiverReport, ReportBlock, SenderReport
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import Ssrc
from liverelay.sfu.arrivals import FEEDBACK_INTERVAL, ArrivalRecorder
from liverelay.sfu.clock import PublisherClock
from liverelay.sfu.congestion_control import CongestionControl
from liverelay.sfu.demux import InboundDemux, Route
from liverelay.sfu.departures import DepartureRecorder
from liverelay.sfu.drops import DropCounters, DropReason
from liverelay.sfu.probe import ProbeSlots
from liverelay.sfu.receive_estimate import ESTIMATE_INTERVAL, ReceiveSideEstimator
from liverelay.sfu.viewer_limit import ViewerLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from liverelay.sdp.parameters import HeaderExtension, SendParameters
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.history import InboundPacket
    from liverelay.sfu.inbound import InboundStream
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.retransmission import Retransmitter
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import SessionId


@dataclass(slots=True)
class RtcpEffects:
    """What one compound packet asks of the room."""

    keyframe_requests: list[Subscription] = field(default_factory=list)
    retransmissions: list[Retransmitter] = field(default_factory=list)
    # Encodings whose publisher has reported its clocks for the first time.
    synchronised: list[Encoding] = field(default_factory=list)

    @property
    def are_none(self) -> bool:
        return not (self.keyframe_requests or self.retransmissions or self.synchronised)


class MediaSession:
    """Everything that one transport carries, in both directions.

    `ntp_at_zero` is the server's NTP time in seconds when `now` was 0. `probe_slots` are those of
    all its sessions; without them this one has its own.
    """

    def __init__(
        self,
        session_id: SessionId,
        drops: DropCounters,
        *,
        ntp_at_zero: float = 0.0,
        probe_slots: ProbeSlots | None = None,
    ) -> None:
        self.session_id = session_id
        self.demux = InboundDemux(drops)
        self.subscriptions: dict[Ssrc, Subscription] = {}
        self.congestion = CongestionControl(self.subscriptions, probe_slots or ProbeSlots())
        self.publications: list[Publication] = []
        self.arrivals: ArrivalRecorder | None = None
        self.estimator: ReceiveSideEstimator | None = None
        self.departures: DepartureRecorder | None = None
        self._drops = drops
        self._clock = PublisherClock(ntp_at_zero)
        self._transport_cc_id = 0
        self._viewer_limit = ViewerLimit()
        # Packets lost and received when that was last looked at.
        self._counts = (0, 0)

    def add_publication(self, publication: Publication) -> None:
        self.publications.append(publication)
        self.demux.add(publication)
        feedback = {entry for codec in publication.parameters.codecs for entry in codec.feedback}
        if "transport-cc" in feedback and self.arrivals is None:
            self._record_arrivals(publication.parameters.extensions)
        elif "goog-remb" in feedback and self.estimator is None:
            self.estimator = ReceiveSideEstimator()

    def remove_publication(self, publication: Publication) -> None:
        self.publications.remove(publication)
        self.demux.remove(publication)

    def departures_of(self, parameters: SendParameters) -> DepartureRecorder | None:
        """Return what numbers the packets of a section; None where that was not negotiated.

        Under BUNDLE an extension has one number in all sections (RFC 8843).
        """
        ids = [each.extension_id for each in parameters.extensions if each.uri == TRANSPORT_CC_URI]
        if ids and self.departures is None:
            self.departures = DepartureRecorder(ids[0])
        is_numbered = self.departures is not None and self.departures.extension_id in ids
        return self.departures if is_numbered else None

    def receive_rtp(self, packet: bytes, now: float) -> Route | None:
        """Take in `packet`; return where it is pending, or None if it is not to be forwarded."""
        try:
            header = parse_header(packet)
        except MalformedPacketError:
            self._drops[DropReason.MALFORMED_RTP] += 1
            return None
        if self.arrivals is not None:
            self._record_arrival(self.arrivals, packet, header, now)
        route = self.demux.routes.get(header.ssrc) or self.demux.learn(packet, header)
        if route is None:
            self._drops[DropReason.UNKNOWN_SSRC] += 1
            return None
        if route.is_repair:
            inbound = self._receive_repair(route, packet, header, now)
        else:
            inbound = route.stream.receive(packet, header, now)
        if inbound is None:
            return None
        if self.estimator is not None:
            self.estimator.on_packet(inbound.header, inbound.codec.clock_rate, now)
        if route.publication.level_meter is not None:
            route.publication.level_meter.on_packet(inbound.packet, inbound.header, now)
        route.encoding.on_packet(inbound)
        return route

    def receive_rtcp(self, data: bytes, now: float) -> RtcpEffects:
        """Take in a compound packet; a malformed one has no effects."""
        effects = RtcpEffects()
        try:
            packets = parse_compound(data)
        except MalformedPacketError:
            self._drops[DropReason.MALFORMED_RTCP] += 1
            return effects
        for packet in packets:
            self._on_rtcp_packet(packet, effects, now)
        return effects

    def forget_path(self, now: float) -> None:
        """Begin afresh with what the peer is sent, since another path leads to it."""
        if self.departures is not None:
            self.departures.forget()
        self.congestion.forget_path(now)

    def report_blocks(self, now: float) -> list[ReportBlock]:
        """Return a block for each stream that this session sends us."""
        return [stream.take_report_block(now) for stream in self._streams()]

    @property
    def owes_feedback(self) -> bool:
        """Whether packets have arrived that the publisher's congestion control waits to hear of."""
        if self.arrivals is not None:
            return self.arrivals.has_unreported
        return self.estimator is not None and self.estimator.has_unreported

    @property
    def feedback_interval(self) -> float:
        """How long packets may wait to be reported on."""
        return ESTIMATE_INTERVAL if self.arrivals is None else FEEDBACK_INTERVAL

    def take_congestion_feedback(self, local_ssrc: Ssrc, now: float) -> list[bytes]:
        """Return what the publisher's congestion control is to know, all streams together.

        That is when its packets arrived, or an estimate where it understands only that; and what
        its viewers can take, if that is less than it sends.
        """
        limit = self._viewer_limit.take(self.publications, now)
        if self.arrivals is not None:
            reports = self._take_arrivals(self.arrivals, local_ssrc, now)
            return reports if limit is None else [*reports, self._estimate(local_ssrc, limit)]
        if self.estimator is None or not self.estimator.has_unreported:
            return []
        estimate = self.estimator.take_estimate(self._take_loss(), now)
        return [self._estimate(local_ssrc, min(estimate, limit or estimate))]

    def _estimate(self, local_ssrc: Ssrc, bitrate_bps: int) -> bytes:
        media_ssrcs = tuple(stream.ssrc for stream in self._streams())
        return ReceiverEstimatedMaximumBitrate(local_ssrc, bitrate_bps, media_ssrcs).serialize()

    def _take_arrivals(
        self, arrivals: ArrivalRecorder, local_ssrc: Ssrc, now: float
    ) -> list[bytes]:
        # libwebrtc takes a report only if it is addressed to one of its streams, no matter which.
        # Where none has been placed yet, 0 will do: taking them keeps the recorder bounded.
        media_ssrc = next(iter(self.demux.routes), Ssrc(0))
        return arrivals.take_feedback(local_ssrc, media_ssrc, now)

    def _take_loss(self) -> float:
        """Return the share of packets that was lost since the last call."""
        lost, received = self._counts
        streams = self._streams()
        self._counts = (
            sum(stream.packets_lost for stream in streams),
            sum(stream.packets_received for stream in streams),
        )
        # What a stream that is gone has counted can make less of either.
        lost, received = max(0, self._counts[0] - lost), max(0, self._counts[1] - received)
        return lost / (lost + received) if lost else 0.0

    def _streams(self) -> list[InboundStream]:
        return [route.stream for route in self.demux.routes.values() if not route.is_repair]

    def _record_arrivals(self, extensions: Iterable[HeaderExtension]) -> None:
        for extension in extensions:
            if extension.uri == TRANSPORT_CC_URI:
                self._transport_cc_id = extension.extension_id
                self.arrivals = ArrivalRecorder()

    def _record_arrival(
        self, arrivals: ArrivalRecorder, packet: bytes, header: RtpHeader, now: float
    ) -> None:
        element = find_element(packet, header, self._transport_cc_id)
        # Its second version has four bytes and begins with the same number.
        if element is not None and element.end - element.offset >= 2:
            number = packet[element.offset] << 8 | packet[element.offset + 1]
            arrivals.on_packet(number, now)

    def _receive_repair(
        self, route: Route, packet: bytes, header: RtpHeader, now: float
    ) -> InboundPacket | None:
        codec = route.publication.codecs_by_rtx.get(header.payload_type)
        if codec is None:
            self._drops[DropReason.UNKNOWN_PAYLOAD_TYPE] += 1
            return None
        original = rtx.original_sequence_number(packet, header)
        if original is None:
            self._drops[DropReason.EMPTY_RETRANSMISSION] += 1
            return None
        if route.stream.has(original):
            self._drops[DropReason.NEEDLESS_RETRANSMISSION] += 1
            return None
        if not route.stream.can_have_lost(original):
            self._drops[DropReason.RETRANSMISSION_AHEAD] += 1
            return None
        restored = rtx.restore(packet, header, codec.payload_type, route.stream.ssrc)
        return route.stream.receive(restored, parse_header(restored), now, repaired=True)

    def _on_rtcp_packet(self, packet: RtcpPacket, effects: RtcpEffects, now: float) -> None:
        match packet:
            case SenderReport():
                self._on_sender_report(packet, effects, now)
            case ReceiverReport():
                self._on_report_blocks(packet.reports, now)
            case PictureLossIndication():
                self._on_pli(packet, effects)
            case FullIntraRequest():
                self._on_fir(packet, effects)
            case GenericNack():
                self._on_nack(packet, effects, now)
            case Goodbye():
                for ssrc in packet.ssrcs:
                    self.demux.forget(ssrc)
            case ReceiverEstimatedMaximumBitrate() | TransportFeedback():
                self._on_congestion_feedback(packet, now)
            case _:
                # Well formed, and of no use: SDES names, extended reports.
                pass

    def _on_sender_report(self, report: SenderReport, effects: RtcpEffects, now: float) -> None:
        self._on_report_blocks(report.reports, now)
        route = self.demux.routes.get(report.ssrc)
        if route is None or route.is_repair:
            return
        if route.stream.last_sender_report is None:
            effects.synchronised.append(route.encoding)
        route.stream.on_sender_report(report, self._clock.translate(report.ntp_time, now), now)

    def _on_report_blocks(self, blocks: Sequence[ReportBlock], now: float) -> None:
        for block in blocks:
            if (subscription := self.subscriptions.get(block.ssrc)) is not None:
                round_trip_time = subscription.on_report_block(block, now)
                if round_trip_time is not None:
                    self.congestion.on_round_trip(round_trip_time, now)
        self.congestion.on_report(blocks, now)

    def _on_pli(self, pli: PictureLossIndication, effects: RtcpEffects) -> None:
        if (subscription := self.subscriptions.get(pli.media_ssrc)) is not None:
            subscription.pli_count += 1
            effects.keyframe_requests.append(subscription)

    def _on_fir(self, fir: FullIntraRequest, effects: RtcpEffects) -> None:
        for ssrc in fir.media_ssrcs:
            if (subscription := self.subscriptions.get(ssrc)) is not None:
                subscription.fir_count += 1
                effects.keyframe_requests.append(subscription)

    def _on_congestion_feedback(
        self, packet: ReceiverEstimatedMaximumBitrate | TransportFeedback, now: float
    ) -> None:
        if isinstance(packet, ReceiverEstimatedMaximumBitrate):
            self.congestion.on_estimate(packet, now)
        elif self.departures is not None:
            self.congestion.on_arrivals(self.departures, packet, now)

    def _on_nack(self, nack: GenericNack, effects: RtcpEffects, now: float) -> None:
        subscription = self.subscriptions.get(nack.media_ssrc)
        if subscription is None:
            return
        subscription.nack_count += 1
        if subscription.retransmitter is not None:
            subscription.resend(nack.lost, now)
            effects.retransmissions.append(subscription.retransmitter)
