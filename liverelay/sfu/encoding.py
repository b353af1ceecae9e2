"""One encoding of a publication: the stream that carries it now, and who watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.extensions import DEPENDENCY_DESCRIPTOR_URI
from liverelay.rtp.payload.detection import SIZE_READERS
from liverelay.sdp.matching import extension_id_of
from liverelay.sdp.parameters import MediaKind, ReceiveParameters
from liverelay.sfu.frame_numbers import FrameNumbering
from liverelay.sfu.keyframe import KeyframeThrottle
from liverelay.sfu.layer_limit import EVERYTHING, LayerLimit, LayerMeter
from liverelay.sfu.layers import ActiveLayer, FrameSize, Layer, RateMeter
from liverelay.sfu.picture_ids import PictureNumbering
from liverelay.sfu.totals import MediaTotals
from liverelay.sfu.viewer_group import ViewerGroup
from liverelay.sfu.wire_format import WireFormat, negotiated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liverelay.sfu.commands import Fanout
    from liverelay.sfu.history import InboundPacket
    from liverelay.sfu.inbound import InboundStream
    from liverelay.sfu.picture_ids import PictureTimeline
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import SessionId

# A PLI can be lost, and an encoder can be busy: ask again after a second, then ever less often, as
# some publishers (FFmpeg) send keyframes when they please.
_FIRST_REPEAT = 1.0
_LAST_REPEAT = 8.0
# One of these has to be agreed to. A PLI says no more than a FIR here, and needs no number.
_KEYFRAME_REQUESTS = ("nack pli", "ccm fir")


class Encoding:
    """Collects the packets of a burst and hands them to the groups of viewers.

    The stream that feeds it can change, when the publisher begins to send under another SSRC; the
    viewers then start again at the next keyframe. Bounded by the caller, who must flush after each
    burst of datagrams.
    """

    def __init__(
        self,
        session_id: SessionId,
        parameters: ReceiveParameters,
        timeline: PictureTimeline | None = None,
    ) -> None:
        self.session_id = session_id
        self.parameters = parameters
        self.stream: InboundStream | None = None
        self.pending: list[InboundPacket] = []
        self.keyframe_requests_sent = 0
        self.nacks_sent = 0
        self.replaced = MediaTotals()
        self._timeline = timeline
        self._pictures = self._new_numbering()
        self._descriptor_id = extension_id_of(DEPENDENCY_DESCRIPTOR_URI, parameters.extensions)
        self._frames = self._new_frame_numbering()
        self._groups: dict[tuple[WireFormat, LayerLimit], ViewerGroup] = {}
        self._layers = LayerMeter()
        self.has_layers = False
        self._throttle = KeyframeThrottle()
        self.active_at: float | None = None
        self.frame_sizes: tuple[FrameSize, ...] = ()
        self._meter = RateMeter()
        self._octets = 0
        self._repeat_at: float | None = None
        self._repeat_interval = _FIRST_REPEAT
        feedback = {entry for codec in parameters.codecs for entry in codec.feedback}
        self.understands_pli = "nack pli" in feedback
        self._can_request = parameters.kind is MediaKind.VIDEO and not feedback.isdisjoint(
            _KEYFRAME_REQUESTS
        )

    @property
    def feed(self) -> InboundStream:
        """The stream that carries it now; there is one before there are viewers."""
        assert self.stream is not None
        return self.stream

    @property
    def clock_rate(self) -> int:
        codec = self.feed.codec
        assert codec is not None
        return codec.clock_rate

    @property
    def needs_keyframe(self) -> bool:
        """Whether some viewer cannot start, or none can go on, before a keyframe comes."""
        nacks = None if self.stream is None else self.stream.nacks
        if nacks is not None and nacks.needs_keyframe:
            return self.is_watched
        return any(group.needs_keyframe for group in self._groups.values())

    @property
    def is_watched(self) -> bool:
        """Whether there is a viewer, or one that waits to be."""
        return bool(self._groups)

    @property
    def has_arrivals(self) -> bool:
        """Whether some viewer is about to start here."""
        return any(group.waiting for group in self._groups.values())

    def sample(self, now: float) -> None:
        """Measure what has come since the last call."""
        if self.stream is None:
            return
        octets = self.stream.bytes_received
        if octets != self._octets:
            self._octets = octets
            self.active_at = now
        self._meter.sample(octets, now)
        self._layers.sample(now)

    def layers(self, index: int) -> list[ActiveLayer]:
        """Return what can be chosen of it, given its index in the publication."""
        layers = self._layers.layers(index)
        if not layers:
            return [ActiveLayer(Layer(index), self._meter.bitrate_bps, self.frame_size(EVERYTHING))]
        return [each._replace(frame_size=self.frame_size(each.layer)) for each in layers]

    def frame_size(self, limit: LayerLimit | Layer) -> FrameSize | None:
        """Return the size of what is shown with these layers; None if it is not known."""
        if not self.frame_sizes:
            return None
        return self.frame_sizes[min(limit.spatial_layer, len(self.frame_sizes) - 1)]

    @property
    def audience(self) -> int:
        """How many viewers a packet of it goes to."""
        return sum(len(group.members) for group in self._groups.values())

    def subscriptions(self) -> Iterator[Subscription]:
        for group in self._groups.values():
            yield from group.members
            yield from group.waiting

    def feed_from(self, stream: InboundStream) -> None:
        """Take packets from `stream` from now on."""
        if self.stream is not None:
            self.replaced.add_stream(self.stream)
        self.stream = stream
        self.pending.clear()
        self._repeat_at = None
        self._repeat_interval = _FIRST_REPEAT
        self._meter, self._layers = RateMeter(), LayerMeter()
        self.has_layers = False
        self._octets = 0
        self._pictures = self._new_numbering()
        self._frames = self._new_frame_numbering()
        for group in self._groups.values():
            group.restart(stream.history, self._pictures, self._frames)

    def on_packet(self, packet: InboundPacket) -> None:
        """Keep `packet` for the flush at the end of this burst."""
        self.pending.append(packet)
        if packet.is_keyframe:
            self._throttle.on_keyframe()
            self._repeat_interval = _FIRST_REPEAT
            if self.parameters.kind is MediaKind.VIDEO:
                self._read_frame_sizes(packet)
                self._read_layers(packet)
        if self.has_layers and packet.descriptor is not None:
            octets = packet.header.payload_end - packet.header.payload_offset
            self._layers.count(packet.descriptor, octets)

    def _read_layers(self, keyframe: InboundPacket) -> None:
        """Expect of the packets behind a keyframe that they name their layers if it does itself."""
        descriptor, codec_name = keyframe.descriptor, keyframe.codec.name
        self.has_layers = descriptor is not None and descriptor.names_layers
        if codec_name != self._layers.codec_name:
            self._layers = LayerMeter(codec_name)

    def _read_frame_sizes(self, packet: InboundPacket) -> None:
        read = SIZE_READERS.get(packet.codec.name.lower())
        if read is None:
            self.frame_sizes = ()
            return
        header = packet.header
        payload = memoryview(packet.packet)[header.payload_offset : header.payload_end]
        described = () if self.feed.dependencies is None else self.feed.dependencies.frame_sizes
        # A keyframe's later packets, where one can start with them as well, do not tell.
        if sizes := described or read(payload):
            self.frame_sizes = tuple(FrameSize(*size) for size in sizes)

    def flush(self, now: float) -> list[Fanout]:
        """Hand the burst to every group of viewers."""
        packets, self.pending = self.pending, []
        groups = list(self._groups.values())
        for group in groups:
            group.begin_burst()
        if self._pictures is not None and self.has_arrivals:
            self._step_pictures(self._pictures, packets)
        if self._frames is not None and (self._frames.owes_step or self.has_arrivals):
            self._step_frames(self._frames, packets)
        if not any(group.has_moves for group in groups):
            return [fanout for group in groups for fanout in group.fan_out(packets, now)]
        fanouts: list[Fanout] = []
        for part in self._split_at_arrivals(groups, packets):
            for group in groups:
                group.admit(part[0])
            for group in groups:
                fanouts += group.fan_out(part, now, packets)
        return fanouts

    @staticmethod
    def _split_at_arrivals(
        groups: Sequence[ViewerGroup], packets: Sequence[InboundPacket]
    ) -> Iterator[Sequence[InboundPacket]]:
        """Yield the burst in parts; each begins where a viewer may come from other layers."""
        first = 0
        for i in range(1, len(packets)):
            if any(group.may_admit(packets[i]) for group in groups):
                yield packets[first:i]
                first = i
        yield packets[first:]

    def _step_pictures(self, pictures: PictureNumbering, packets: list[InboundPacket]) -> None:
        """Renumber from the keyframes on with which viewers arrive, before any group sends them."""
        for packet in packets:
            if packet.is_keyframe and packet.descriptor is not None:
                pictures.step(packet.descriptor)

    def _step_frames(self, frames: FrameNumbering, packets: list[InboundPacket]) -> None:
        """Do the same with the frame numbers, past what those who arrive were sent elsewhere."""
        groups = self._groups.values()
        for packet in packets:
            if packet.is_keyframe:
                # Who comes from other layers of this stream has seen its own numbers.
                arriving = {
                    each.frame_number
                    for group in groups
                    for each in group.waiting
                    if not each.moves_within_encoding
                }
                seen = [number for number in arriving if number is not None]
                is_late = any(
                    group.members and group.has_passed(packet.extended_sequence_number)
                    for group in groups
                )
                frames.step(packet, seen, is_late=is_late)

    def take_started(self) -> list[Subscription]:
        """Return the viewers that have got their first packet since the last call."""
        return [
            subscription for group in self._groups.values() for subscription in group.take_started()
        ]

    def attach(self, subscription: Subscription, layer: Layer | None = None) -> None:
        """Feed a viewer from here as soon as possible, and from where it is until then."""
        wire_format = negotiated(self.parameters, subscription.parameters, subscription.departures)
        limit = self._limit(layer)
        if not self.suits(subscription, limit):
            limit = limit._replace(spatial_layer=0)
        group = self._groups.get((wire_format, limit))
        if group is None:
            group = ViewerGroup(wire_format, self.feed.history, self._pictures, limit, self._frames)
            self._groups[wire_format, limit] = group
        subscription.wait_in(self, group)

    def suits(self, subscription: Subscription, layer: Layer | LayerLimit) -> bool:
        """Return whether a viewer can decode what it gets of this layer.

        Without the dependency descriptor it would take the spatial layers of AV1 for one another.
        """
        if layer.spatial_layer == 0 or self.feed.dependencies is None:
            return True
        extensions = subscription.parameters.extensions
        return extension_id_of(DEPENDENCY_DESCRIPTOR_URI, extensions) is not None

    def release(self, group: ViewerGroup) -> None:
        """Forget `group` if nobody is left in it."""
        if group.is_empty:
            del self._groups[group.wire_format, group.limit]
        if not self._groups:
            # What is not forwarded is not followed; its numbers may wrap unseen.
            self._pictures = self._new_numbering()

    def _new_numbering(self) -> PictureNumbering | None:
        return None if self._timeline is None else PictureNumbering(self._timeline)

    def _new_frame_numbering(self) -> FrameNumbering | None:
        return None if self._descriptor_id is None else FrameNumbering(self._descriptor_id)

    def _limit(self, layer: Layer | None) -> LayerLimit:
        """Return what bounds `layer`: nothing where no layers can be told apart."""
        if layer is None or not self._layers.layers(0):
            return EVERYTHING
        return self._layers.limit_of(layer)

    def requests_keyframe(self, now: float) -> bool:
        """Return whether a PLI is to be sent now; if not, one may be owed later."""
        if not self._can_request:
            return False
        return self._throttle.request(now) and self._count_request(now)

    def keyframe_deadline(self) -> float | None:
        """Return when `handle_keyframe_timeout` wants to be called."""
        owed = self._throttle.deadline()
        if owed is None and self.needs_keyframe:
            return self._repeat_at
        return owed

    def handle_keyframe_timeout(self, now: float) -> bool:
        """Return whether a PLI is due at `now`: one that is owed, or the repetition of one."""
        if self._throttle.handle_timeout(now):
            return self._count_request(now)
        if self._repeat_at is None or now < self._repeat_at or not self.needs_keyframe:
            return False
        self._repeat_interval = min(2 * self._repeat_interval, _LAST_REPEAT)
        return self.requests_keyframe(now)

    def _count_request(self, now: float) -> bool:
        self.keyframe_requests_sent += 1
        self._repeat_at = now + self._repeat_interval
        return True
