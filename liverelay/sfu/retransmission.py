"""What a viewer is sent on its retransmission stream (RFC 4588): what it asked for, and padding.

A NACK of 16 bytes can ask for 17 packets, so whoever answers without a limit is an amplifier. Here
each packet is sent again a few times at most, and all of a subscription's together are bounded.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp import rtx
from liverelay.rtp.extensions import ABS_SEND_TIME_URI, abs_send_time, insert_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.padding import PADDING_SIZE, padding_packet
from liverelay.sdp.matching import extension_id_of
from liverelay.sfu.commands import Fanout, Template
from liverelay.sfu.departures import reserve_number
from liverelay.sfu.replay import WINDOW_PACKETS
from liverelay.sfu.report_estimate import Departure, Sending
from liverelay.sfu.stream_table import StreamTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liverelay.rtp.types import PayloadType, Ssrc
    from liverelay.sdp.parameters import SendParameters
    from liverelay.sfu.departures import DepartureRecorder
    from liverelay.sfu.history import InboundPacket

    # Gives a packet the form in which the viewer got it; None if it got it in none.
    Write = Callable[[InboundPacket, float], bytes | bytearray | None]

# As often as libwebrtc asks. Where a third is lost both ways, five leave a hole every few seconds,
# and each stops the picture until the viewer asks for a keyframe: a browser, after three seconds.
_MAX_RESENDS = 10
# What is asked for again within a round trip is under way: the request was sent before the
# retransmission can have arrived. These bound it while it is unknown, and where it is a lie.
_MIN_RESEND_INTERVAL = 0.02
_MAX_RESEND_INTERVAL = 0.5
# Bursts of which it is known when they were sent: those of some seconds, at a probe's rate.
_KNOWN_BURSTS = 128
# A fifth of a busy 10 Mbit/s stream. More loss than that is congestion, which more would worsen.
_RATE_BYTES_PER_SECOND = 250_000
# Half a second of it: a burst of losses is asked for at once.
_BURST_BYTES = 125_000
# A burst that holds no packet would let none through ever.
_MIN_BURST_BYTES = 3_000


class TokenBucket:
    """Allows a rate of bytes, and a burst after a quiet time."""

    __slots__ = ("_burst", "_tokens", "_updated_at", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self._burst = burst
        self._tokens = burst
        self._updated_at: float | None = None

    def limit(self, rate: float) -> None:
        """Allow another rate from now on, and half a second of it at once."""
        self.rate = rate
        self._burst = max(rate / 2, _MIN_BURST_BYTES)

    def takes(self, size: int, now: float) -> bool:
        """Return whether `size` bytes may be sent, and count them if so."""
        if self._updated_at is not None:
            earned = max(0.0, now - self._updated_at) * self.rate
            self._tokens = min(self._burst, self._tokens + earned)
        self._updated_at = now
        if size > self._tokens:
            return False
        self._tokens -= size
        return True


class RetransmissionStream:
    """The retransmission SSRC of a subscription, for the egress: its templates need no offsets."""

    __slots__ = ("sequence_offset", "ssrc", "target", "timestamp_offset")

    def __init__(self, ssrc: Ssrc, target: int) -> None:
        self.ssrc = ssrc
        self.target = target
        self.sequence_offset = 0
        self.timestamp_offset = 0


class _Wrapped(NamedTuple):
    """A retransmission, and how many bytes of it are payload."""

    packet: bytearray
    octets: int


class _Burst(NamedTuple):
    """What was sent at once: its first number, when, and the bytes sent before it in all."""

    first: int
    sent_at: float
    octets: int


class Retransmitter:
    """Turns packets from the history into retransmissions to one subscription.

    `payload_types` gives the retransmission payload type of a media payload type, both the
    viewer's. What has none is not sent again. `octets_sent` counts payload and padding.
    `departures` numbers what is sent, if that was negotiated.
    """

    def __init__(
        self,
        stream: RetransmissionStream,
        payload_types: Mapping[PayloadType, PayloadType],
        abs_send_time_id: int | None = None,
        departures: DepartureRecorder | None = None,
    ) -> None:
        self.packets_sent = 0
        self.octets_sent = 0
        self.round_trip_time = 0.0
        self._streams = StreamTable((stream,))
        self._payload_types = payload_types
        self._bucket = TokenBucket(_RATE_BYTES_PER_SECOND, _BURST_BYTES)
        # The publisher's extended number -> (times sent again, when last).
        self._resends: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._pending: list[Template] = []
        self._abs_send_time_id = abs_send_time_id
        self._departures = departures
        self._sequence_number = 0
        self._bursts: deque[_Burst] = deque(maxlen=_KNOWN_BURSTS)
        self._octets_taken = 0

    def sending_until(self, sequence_number: int) -> Sending:
        """Return what had been sent with the packet of this number; everything if it is not known.

        What is asked for again and padding are of quite different sizes, and alternate.
        """
        everything = Sending(self._sequence_number - len(self._pending), self._octets_taken)
        number = min(self._extended(sequence_number), everything.packets)
        end, octets_at_end = everything
        for burst in reversed(self._bursts):
            if burst.first <= number:
                share = (number + 1 - burst.first) / (end + 1 - burst.first)
                return Sending(number, burst.octets + round(share * (octets_at_end - burst.octets)))
            end, octets_at_end = burst.first - 1, burst.octets
        return everything

    def departure_of(self, sequence_number: int) -> Departure | None:
        """Return when the packet of this number was sent; None if that is too long ago."""
        number = self._extended(sequence_number)
        sent_at = self._sent_at(number)
        return None if sent_at is None else Departure(sent_at, self._sent_at(number + 1))

    def _extended(self, sequence_number: int) -> int:
        newest = self._sequence_number
        return newest - ((newest - sequence_number) & 0xFFFF)

    def _sent_at(self, number: int) -> float | None:
        if number > self._sequence_number - len(self._pending):
            return None
        bursts = reversed(self._bursts)
        return next((burst.sent_at for burst in bursts if burst.first <= number), None)

    def resend(
        self,
        inbound: InboundPacket,
        write: Write,
        sequence_number: int,
        timestamp_offset: int,
        now: float,
    ) -> None:
        """Prepare `inbound`, sent before as `sequence_number`, to be sent again if it may be."""
        number = inbound.extended_sequence_number
        if not self._may_resend(number, now):
            return
        wrapped = self._wrap(inbound, write, sequence_number, now)
        if wrapped is None or not self._bucket.takes(len(wrapped.packet), now):
            return
        count, _ = self._resends.pop(number, (0, now))
        self._resends[number] = (count + 1, now)
        if len(self._resends) > WINDOW_PACKETS:
            self._resends.popitem(last=False)
        self.packets_sent += 1
        self._add(*wrapped, inbound.header.rtp_timestamp + timestamp_offset)

    def repeat(
        self,
        inbound: InboundPacket,
        write: Write,
        sequence_number: int,
        timestamp_offset: int,
        now: float,
    ) -> None:
        """Prepare `inbound` to be sent again as padding, which nobody has asked for."""
        wrapped = self._wrap(inbound, write, sequence_number, now)
        if wrapped is not None:
            self._add(*wrapped, inbound.header.rtp_timestamp + timestamp_offset)

    def pad(self, octets: int, now: float) -> None:
        """Prepare at least `octets` bytes of padding."""
        packet = padding_packet(next(iter(self._payload_types.values())))
        if self._abs_send_time_id is not None:
            header = parse_header(packet)
            insert_element(packet, header, self._abs_send_time_id, abs_send_time(now))
        if self._departures is not None:
            reserve_number(packet, self._departures.extension_id)
        for _ in range(-(-octets // PADDING_SIZE)):
            self._add(packet.copy(), PADDING_SIZE, 0)

    def limit(self, bitrate_bps: float) -> None:
        """Keep retransmissions within a rate.

        Where it carries too little, what is lost is lost because of what was sent.
        """
        self._bucket.limit(min(bitrate_bps / 8, _RATE_BYTES_PER_SECOND))

    def take_fanout(self, now: float) -> Fanout | None:
        """Return what is to be sent again, and forget it."""
        if not self._pending:
            return None
        templates, self._pending = self._pending, []
        first = self._sequence_number - len(templates) + 1
        self._bursts.append(_Burst(first, now, self._octets_taken))
        self._octets_taken = self.octets_sent
        if self._departures is not None:
            self._departures.stamp(templates, now)
        return Fanout(templates, self._streams)

    def forget(self) -> None:
        """Forget what was sent again: a new feed has begun, nobody can ask for the old one."""
        self._resends.clear()

    def _wrap(
        self,
        inbound: InboundPacket,
        write: Write,
        sequence_number: int,
        now: float,
    ) -> _Wrapped | None:
        written = write(inbound, now)
        if written is None:
            return None
        # Not the inbound header: unpacking RED moves the end of the payload.
        header = parse_header(written)
        payload_type = self._payload_types.get(header.payload_type)
        if payload_type is None:
            return None
        wrapped = rtx.wrap(written, header, payload_type, sequence_number)
        return _Wrapped(wrapped, len(wrapped) - header.payload_offset)

    def _add(self, packet: bytearray, octets: int, rtp_timestamp: int) -> None:
        self._sequence_number += 1
        self.octets_sent += octets
        number = self._sequence_number & 0xFFFF
        self._pending.append(Template(packet, number, rtp_timestamp & 0xFFFFFFFF))

    def _may_resend(self, number: int, now: float) -> bool:
        if (resent := self._resends.get(number)) is None:
            return True
        count, last = resent
        interval = max(_MIN_RESEND_INTERVAL, min(self.round_trip_time, _MAX_RESEND_INTERVAL))
        return count < _MAX_RESENDS and now - last >= interval


def negotiated(
    parameters: SendParameters, target: int, departures: DepartureRecorder | None = None
) -> Retransmitter | None:
    """Return a retransmitter for what a viewer agreed to; None if that is nothing."""
    payload_types = {
        codec.payload_type: codec.rtx_payload_type
        for codec in parameters.codecs
        if codec.rtx_payload_type is not None
    }
    if parameters.rtx_ssrc is None or not payload_types:
        return None
    abs_send_time_id = extension_id_of(ABS_SEND_TIME_URI, parameters.extensions)
    stream = RetransmissionStream(parameters.rtx_ssrc, target)
    return Retransmitter(stream, payload_types, abs_send_time_id, departures)
