"""One outbound stream of one viewer's session."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liverelay.sfu import retransmission
from liverelay.sfu.layers import Preference
from liverelay.sfu.report_estimate import Departure, Sending
from liverelay.sfu.rewriter import StreamRewriter
from liverelay.sfu.viewer_group import Membership

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.rtp.rtcp.reports import ReportBlock
    from liverelay.rtp.types import Ssrc
    from liverelay.sdp.parameters import SendParameters
    from liverelay.sfu.departures import DepartureRecorder
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.history import InboundPacket
    from liverelay.sfu.layers import Layer
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.types import PeerId, SessionId
    from liverelay.sfu.viewer_group import Progress, ViewerGroup

_DLSR_PER_SECOND = 1 << 16
# A NACK the size of a datagram can name thousands; a viewer that has lost more than this is better
# served by the keyframe that it will ask for next.
_MAX_LOST = 256
# Enough to fill a path for the time between two looks at it.
_MAX_REPEATED = 32
# The next packet may not have come to us yet, though some after it have.
_MAX_MISSING = 4
# A round trip longer than this is a peer's invention.
_MAX_ROUND_TRIP = 10.0


class Subscription:
    """What a viewer is sent under one SSRC, whoever publishes it.

    It outlives publications: where one ends and the next begins, the rewriter keeps the stream
    continuous. `first_number` is None while it waits for a packet that it can start with. To go
    over to another layer it waits in the group of that one as well, its `next_group`.

    `layer` is what was selected last; `preference` and `budget_bps` are what it is chosen by.
    The two offsets are plain attributes because the egress reads them for every burst. `departures`
    is the session's, where it reports on each packet.
    """

    __slots__ = (
        "_before",
        "_frame_number",
        "_goes_on",
        "_last_report",
        "_octets",
        "_packets",
        "_previous",
        "_rewriter",
        "_started_at",
        "available_bps",
        "begun_at",
        "budget_bps",
        "departures",
        "encoding",
        "fir_count",
        "first_number",
        "group",
        "is_cautious",
        "layer",
        "nack_count",
        "next_encoding",
        "next_group",
        "parameters",
        "peer_id",
        "pli_count",
        "preference",
        "publication",
        "reached_since",
        "remote_report",
        "retransmitter",
        "round_trip_time",
        "sequence_offset",
        "session_id",
        "ssrc",
        "target",
        "timestamp_offset",
    )

    def __init__(
        self,
        session_id: SessionId,
        peer_id: PeerId,
        parameters: SendParameters,
        target: int,
        departures: DepartureRecorder | None = None,
    ) -> None:
        self.session_id = session_id
        self.peer_id = peer_id
        self.parameters = parameters
        self.target = target
        self.departures = departures
        self.ssrc = parameters.ssrc
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.publication: Publication | None = None
        self.encoding: Encoding | None = None
        self.group: ViewerGroup | None = None
        self.next_encoding: Encoding | None = None
        self.next_group: ViewerGroup | None = None
        self.layer: Layer | None = None
        self.preference = Preference()
        self.budget_bps: float | None = None
        # What its path has room for beside sound; None while that is not known to be limited.
        self.available_bps: float | None = None
        # Whether nothing is known of its path yet.
        self.is_cautious = False
        # When it was sent its first packet.
        self.begun_at: float | None = None
        self.first_number: int | None = None
        self.retransmitter = retransmission.negotiated(parameters, target, departures)
        self.remote_report: ReportBlock | None = None
        self.round_trip_time: float | None = None
        self.nack_count = 0
        self.pli_count = 0
        self.fir_count = 0
        # Nothing older is sent again: a viewer that was cut off begins with a keyframe, and
        # Chromium stops for seconds after it if packets from long before come with it.
        self.reached_since = -math.inf
        self._rewriter = StreamRewriter()
        # Whether it is the same encoding, and so the same clock, that it starts with again.
        self._goes_on = False
        # In other layers of the encoding, from which it came here without a keyframe.
        self._before: Membership | None = None
        # Wherever it came from, and when it started here.
        self._previous: Membership | None = None
        self._started_at = -math.inf
        # Subtracted from the group's counts while there is a group, the counts themselves else.
        self._packets = 0
        self._octets = 0
        self._last_report: tuple[int, float] | None = None
        # Of the last frame before it left a group.
        self._frame_number: int | None = None

    @property
    def rtx_ssrc(self) -> Ssrc | None:
        """Of its retransmissions, if it gets any."""
        return None if self.retransmitter is None else self.parameters.rtx_ssrc

    @property
    def is_started(self) -> bool:
        return self.first_number is not None

    @property
    def membership(self) -> Membership | None:
        """What it has got of its group; None if it has not started there."""
        group = self.group
        if group is None or group.progress is None or self.first_number is None:
            return None
        return Membership(group, self.first_number, group.progress.number, self.sequence_offset)

    @property
    def frame_number(self) -> int | None:
        """The frame number of the latest dependency descriptor that it was sent, if any."""
        if self.group is None or not self.is_started:
            return self._frame_number
        latest = self.group.latest_frame_number()
        return self._frame_number if latest is None else latest

    @property
    def packets_sent(self) -> int:
        if self.group is None or self.first_number is None:
            return self._packets
        return self.group.packet_count - self._packets

    @property
    def octets_sent(self) -> int:
        """Payload bytes, as sender reports count them."""
        if self.group is None or self.first_number is None:
            return self._octets
        return self.group.octet_count - self._octets

    @property
    def padding_sent(self) -> int:
        """Bytes on the retransmission stream, asked for or not."""
        return 0 if self.retransmitter is None else self.retransmitter.octets_sent

    def select_layer(self, layer: Layer | None) -> None:
        """Go over to `layer` at the next packet that one can start with; None pauses at once."""
        assert self.publication is not None
        self.layer = layer
        self.publication.select(self, layer)

    def wait_in(self, encoding: Encoding, group: ViewerGroup) -> None:
        """Start in `group` as soon as possible, and go on in the present one until then."""
        if group is self.next_group:
            return
        self.withdraw()
        if group is self.group:
            return
        if not self.is_started:
            self.leave()
        group.waiting.append(self)
        if self.group is None:
            self.encoding, self.group = encoding, group
        else:
            self.next_encoding, self.next_group = encoding, group

    def arrive(self, group: ViewerGroup) -> None:
        """Leave the group that it was a member of, if it has waited in this one meanwhile."""
        if group is self.next_group:
            encoding = self.next_encoding
            # Not where it has to start again because another stream feeds that encoding by now.
            self._goes_on = self.moves_within_encoding
            self._before = self._previous = self.membership
            self.next_encoding = self.next_group = None
            assert self.group is not None
            self.group.split_members()
            self.leave()
            self.encoding, self.group = encoding, group

    @property
    def moves_within_encoding(self) -> bool:
        """Whether it waits for other layers of the encoding that it is being sent."""
        return self.is_started and self.next_encoding is self.encoding

    def withdraw(self) -> None:
        """Stay in the present group."""
        encoding, group = self.next_encoding, self.next_group
        if encoding is not None and group is not None:
            group.waiting.remove(self)
            encoding.release(group)
            self.next_encoding = self.next_group = None

    def leave(self) -> None:
        """Be in no group, and wait for none."""
        self.withdraw()
        encoding, group = self.encoding, self.group
        if encoding is not None and group is not None:
            group.remove(self)
            encoding.release(group)
            self.encoding = self.group = None

    def start(
        self,
        group: ViewerGroup,
        number: int,
        sequence_number: int,
        rtp_timestamp: int,
        now: float,
    ) -> None:
        """Begin with the packet of these numbers, which are the publisher's."""
        assert self.encoding is not None
        if self._goes_on:
            self._rewriter.continue_feed(sequence_number)
        else:
            self._rewriter.begin_feed(sequence_number, rtp_timestamp, now, self.encoding.clock_rate)
            self._before = None
            if self.retransmitter is not None:
                self.retransmitter.forget()
        self._goes_on = False
        self.sequence_offset, self.timestamp_offset = self._rewriter.offsets
        self._packets = group.packet_count - self._packets
        self._octets = group.octet_count - self._octets
        self.first_number = number
        self._started_at = now
        if self.begun_at is None:
            self.begun_at = now

    def stop(self, group: ViewerGroup, progress: Progress) -> None:
        """Remember where the feed ended."""
        self._frame_number = self.frame_number
        self._rewriter.end_feed(progress.number, progress.rtp_timestamp, progress.sent_at)
        self._packets = group.packet_count - self._packets
        self._octets = group.octet_count - self._octets
        self.first_number = None
        self._last_report = None

    def exclude(self, packets: int, octets: int) -> None:
        """Leave what its group sent without it out of its counts."""
        self._packets += packets
        self._octets += octets

    def resend(self, lost: Sequence[int], now: float) -> None:
        """Prepare retransmissions of the sequence numbers in `lost` that are still at hand."""
        present = self.membership
        if self.retransmitter is None or present is None:
            return
        for sequence_number in lost[:_MAX_LOST]:
            inbound = present.find(sequence_number) or self._find_before(present, sequence_number)
            if inbound is not None and inbound.received_at >= self.reached_since:
                self.retransmitter.resend(
                    inbound, present.group.write, sequence_number, self.timestamp_offset, now
                )

    def _find_before(self, present: Membership, sequence_number: int) -> InboundPacket | None:
        """Return what it got before it came from other layers, if it would still get it here."""
        inbound = None if self._before is None else self._before.find(sequence_number)
        return None if inbound is None or present.group.leaves_out(inbound) else inbound

    def pad(self, octets: int, now: float) -> None:
        """Prepare about `octets` bytes more than there is to say, to see what the path carries.

        The latest packets are repeated, which makes up for their loss as well; before there are any
        it is plain padding. A viewer without retransmission format gets none.
        """
        retransmitter, membership = self.retransmitter, self.membership
        if retransmitter is None:
            return
        enough = retransmitter.octets_sent + octets
        if membership is not None:
            group, _, newest, _ = membership
            newest += self.sequence_offset
            for sequence_number in range(newest, newest - _MAX_REPEATED, -1):
                inbound = membership.find(sequence_number & 0xFFFF)
                if inbound is None or retransmitter.octets_sent >= enough:
                    break
                retransmitter.repeat(
                    inbound, group.write, sequence_number & 0xFFFF, self.timestamp_offset, now
                )
        retransmitter.pad(enough - retransmitter.octets_sent, now)

    def on_sender_report_sent(self, ntp_time: int, now: float) -> None:
        self._last_report = (ntp_time >> 16 & 0xFFFFFFFF, now)

    def sending_until(self, _sequence_number: int) -> Sending:
        """Return what has been sent by now: a packet of media is much like the next."""
        return Sending(self.packets_sent, self.octets_sent)

    def departure_of(self, sequence_number: int) -> Departure | None:
        """Return when the packet of this number was sent; None if that is too long ago."""
        present, number = self.membership, sequence_number & 0xFFFF
        newest = self._find_sent(present, number)
        if newest is None:
            return None
        for step in range(1, _MAX_MISSING):
            following = self._find_sent(present, number + step & 0xFFFF)
            if following is not None:
                return Departure(newest, following)
        return Departure(newest, None)

    def _find_sent(self, present: Membership | None, sequence_number: int) -> float | None:
        if present is not None and (inbound := present.find(sequence_number)) is not None:
            # It may have come before the viewer did.
            return max(inbound.received_at, self._started_at)
        if self._previous is not None:
            inbound = self._previous.find(sequence_number)
            return None if inbound is None else inbound.received_at
        return None

    def on_report_block(self, block: ReportBlock, now: float) -> float | None:
        """Take the viewer's view of the stream; its numbers are not to be trusted.

        Returns:
            The round trip, if this tells.
        """
        self.remote_report = block
        if self._last_report is None or block.lsr != self._last_report[0]:
            return None
        round_trip = now - self._last_report[1] - block.dlsr / _DLSR_PER_SECOND
        if not 0.0 <= round_trip <= _MAX_ROUND_TRIP:
            return None
        self.round_trip_time = round_trip
        if self.retransmitter is not None:
            self.retransmitter.round_trip_time = round_trip
        return round_trip
