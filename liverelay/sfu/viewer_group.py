"""The viewers of one encoding who get the same bytes, and the numbering they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.packet import set_marker
from liverelay.sfu.commands import Fanout, Template
from liverelay.sfu.compactor import SequenceCompactor
from liverelay.sfu.layer_limit import EVERYTHING, LayerLimit, can_enter, needs_keyframe
from liverelay.sfu.stream_table import StreamTable
from liverelay.sfu.wire_format import PacketWriter, WireFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.sfu.frame_numbers import FrameNumbering
    from liverelay.sfu.history import InboundPacket, PacketHistory
    from liverelay.sfu.picture_ids import PictureNumbering
    from liverelay.sfu.subscription import Subscription

_TIMESTAMP_MASK = 0xFFFFFFFF
_TIMESTAMP_HALF = 0x80000000
# Packets without a frame number, as padding is, that are looked past for the latest one.
_MAX_UNNUMBERED = 32


class Progress(NamedTuple):
    """How far a group has come, in the publisher's numbers: the end of a feed if it stops here."""

    number: int
    rtp_timestamp: int
    sent_at: float


class Membership(NamedTuple):
    """What a viewer has got of a group: from one of the group's numbers to another.

    `sequence_offset` is what is added to them to get the viewer's.
    """

    group: ViewerGroup
    first_number: int
    last_number: int
    sequence_offset: int

    def find(self, sequence_number: int) -> InboundPacket | None:
        """Return what the viewer got as `sequence_number`; None if nothing, or too long ago."""
        last = self.last_number
        number = last - ((last + self.sequence_offset - sequence_number) & 0xFFFF)
        return None if number < self.first_number else self.group.find(number)


class _Entry(NamedTuple):
    """One prepared packet of a burst; `number` is its unwrapped place in the group's numbering."""

    number: int
    template: Template
    octets: int
    is_keyframe: bool


class ViewerGroup:
    """Prepares each packet once and says which viewers get it.

    With `pictures`, which all groups of the encoding share, viewers may come here from other
    encodings of the publication.

    A viewer first waits for a packet it can start with. From its `first_number` on it gets every
    packet of the group: all that differs between members is in their offsets. Counting is
    shared too: a member's own counts are the group's, less those from before it started.
    """

    def __init__(
        self,
        wire_format: WireFormat,
        history: PacketHistory,
        pictures: PictureNumbering | None = None,
        limit: LayerLimit = EVERYTHING,
        frames: FrameNumbering | None = None,
    ) -> None:
        self.wire_format = wire_format
        self.members: StreamTable[Subscription] = StreamTable()
        self.waiting: list[Subscription] = []
        self.packet_count = 0
        self.octet_count = 0
        self.progress: Progress | None = None
        self._writer = PacketWriter(wire_format)
        self._history = history
        self._compactor = SequenceCompactor()
        self.limit = limit
        self._pictures = pictures
        self._frames = frames
        self._newest_start = 0
        self._started: list[Subscription] = []
        self._is_handed_out = False
        self._admitted: list[Subscription] = []

    @property
    def is_empty(self) -> bool:
        return not self.members and not self.waiting

    @property
    def needs_keyframe(self) -> bool:
        """Whether somebody waits here who can start at nothing else."""
        # Asked with each burst, and most of the time nobody waits.
        if not self.waiting or not self.wire_format.carries_anything:
            return False
        return any(
            not subscription.moves_within_encoding
            or subscription.group is None
            or needs_keyframe(subscription.group.limit, self.limit)
            for subscription in self.waiting
        )

    @property
    def has_moves(self) -> bool:
        """Whether somebody comes here from other layers of the encoding."""
        return any(subscription.moves_within_encoding for subscription in self.waiting)

    def remove(self, subscription: Subscription) -> None:
        """Let go of a viewer; what it has been sent is settled with it."""
        if subscription.first_number is None:
            self.waiting.remove(subscription)
            if subscription in self._admitted:
                self._admitted.remove(subscription)
        else:
            self.members.remove(subscription)
            self._settle(subscription)

    def split_members(self) -> StreamTable[Subscription]:
        """Return the members, to be changed: not the table that a fan-out of this burst holds."""
        if self._is_handed_out:
            self.members = self.members.copy()
            self._is_handed_out = False
        return self.members

    def begin_burst(self) -> None:
        """Forget the fan-outs of the burst before, which have been sent."""
        self._is_handed_out = False

    def may_admit(self, inbound: InboundPacket) -> bool:
        """Return whether `admit` would take anybody in, if this packet were the next one."""
        return any(self._admits(each, inbound) for each in self.waiting)

    def admit(self, inbound: InboundPacket) -> None:
        """Take in who can come here from other layers of the encoding with this very packet.

        For all groups of an encoding before any of them sends it: a viewer gets it from one.
        """
        admitted = [each for each in self.waiting if self._admits(each, inbound)]
        for subscription in admitted:
            subscription.arrive(self)
        self._admitted += admitted

    def _admits(self, subscription: Subscription, inbound: InboundPacket) -> bool:
        """Return whether a viewer goes on here with this packet, and has got no later one yet."""
        group, descriptor = subscription.group, inbound.descriptor
        number = inbound.extended_sequence_number
        if not subscription.moves_within_encoding or group is None or group.has_passed(number):
            return False
        if self.leaves_out(inbound):
            return False
        if inbound.is_keyframe or descriptor is None:
            return inbound.is_keyframe
        before = self._history.find(number - 1)
        preceding = None if before is None else before.descriptor
        return can_enter(group.limit, self.limit, descriptor, preceding)

    def has_passed(self, number: int) -> bool:
        """Return whether viewers here have got this packet of the publisher, or a later one."""
        return self._compactor.has_passed(number)

    def restart(
        self,
        history: PacketHistory,
        pictures: PictureNumbering | None = None,
        frames: FrameNumbering | None = None,
    ) -> None:
        """Make everyone wait again: another inbound stream, with this history, feeds the group."""
        for subscription in self.members:
            self._settle(subscription)
        self.waiting += self.members
        self.members = StreamTable()
        self._admitted = []
        self.progress = None
        self._history = history
        self._compactor = SequenceCompactor()
        self._pictures = pictures
        self._frames = frames
        self._newest_start = 0

    def latest_frame_number(self) -> int | None:
        """Return that of the latest packet that viewers here have got and that has one."""
        if self._frames is None or self.progress is None:
            return None
        latest = self.progress.number
        for number in range(latest, latest - _MAX_UNNUMBERED, -1):
            inbound = self.find(number)
            if inbound is not None and (found := self._frames.read(inbound)) is not None:
                return found
        return None

    def take_started(self) -> list[Subscription]:
        """Return who has started since the last call and is still a member."""
        started, self._started = self._started, []
        return [subscription for subscription in started if subscription.is_started]

    def fan_out(
        self,
        packets: Sequence[InboundPacket],
        now: float,
        burst: Sequence[InboundPacket] | None = None,
    ) -> list[Fanout]:
        """Prepare a burst, or `packets` of a longer `burst`, in the order of arrival."""
        fanouts = self._fan_out(packets, now, burst or packets)
        if self.wire_format.departures is not None:
            for fanout in fanouts:
                self.wire_format.departures.stamp(fanout.templates, now)
        return fanouts

    def _fan_out(
        self, packets: Sequence[InboundPacket], now: float, burst: Sequence[InboundPacket]
    ) -> list[Fanout]:
        if not self.members and not any(map(self._may_start, packets)):
            return []
        entries = [entry for packet in packets if (entry := self._prepare(packet, now)) is not None]
        if not entries:
            return []
        backlog = self._start_waiting(entries, burst, now) if self.waiting else []
        self.packet_count += len(entries)
        self.octet_count += sum(entry.octets for entry in entries)
        if min(entry.number for entry in entries) >= self._newest_start:
            self._is_handed_out = True
            return [Fanout([entry.template for entry in entries], self.members), *backlog]
        return [*self._split_by_start(entries), *backlog]

    def find(self, number: int) -> InboundPacket | None:
        """Return the packet of this number of the group's; None if it is gone, or has not come."""
        original = self._compactor.original(number)
        return None if original is None else self._history.find(original)

    def write(self, inbound: InboundPacket, now: float) -> bytes | bytearray | None:
        """Return a packet as the viewers get it, but for the numbers of its header."""
        frames = self._frames
        offset = 0 if frames is None else frames.offset(inbound.extended_sequence_number)
        written = self._writer.write(inbound.packet, inbound.header, now, offset)
        if written is None:
            return None
        if self.limit is not EVERYTHING:
            written = self._write_marker(inbound, written)
        if self._pictures is None:
            return written
        descriptor = inbound.descriptor
        if descriptor is None:
            return written
        # Header extensions may have been added, and then the payload begins further back.
        payload_offset = inbound.header.payload_offset + len(written) - len(inbound.packet)
        return self._pictures.write(written, payload_offset, descriptor)

    def _write_marker(
        self, inbound: InboundPacket, written: bytes | bytearray
    ) -> bytes | bytearray:
        """Mark the end of a picture whose own last packets are left out."""
        descriptor = inbound.descriptor
        if descriptor is None or not self.limit.ends_picture(descriptor):
            return written
        copy = written if isinstance(written, bytearray) else bytearray(written)
        set_marker(copy)
        return copy

    def leaves_out(self, inbound: InboundPacket) -> bool:
        """Return whether a packet is of a layer that the viewers here do not get."""
        if self.limit is EVERYTHING:
            return False
        descriptor = inbound.descriptor
        return descriptor is not None and self.limit.excludes(descriptor)

    def _may_start(self, inbound: InboundPacket) -> bool:
        return bool(self._admitted or (inbound.is_keyframe and self._starters()))

    def _starters(self) -> list[Subscription]:
        """Return who waits for any keyframe, and is not to be admitted first."""
        return [each for each in self.waiting if not each.moves_within_encoding]

    def _prepare(self, inbound: InboundPacket, now: float) -> _Entry | None:
        original, packet, header, _, is_keyframe, _, _ = inbound
        octets = header.payload_end - header.payload_offset
        written = self.write(inbound, now) if octets and not self.leaves_out(inbound) else None
        if written is None:
            if self._compactor.leave_out(original):
                return None
            written = self._writer.write_filler(packet)
            octets, is_keyframe = 0, False
            if written is None:
                return None
        number = self._compactor.keep(original)
        self._advance(number, header.rtp_timestamp, inbound.received_at)
        template = Template(written, number & 0xFFFF, header.rtp_timestamp)
        return _Entry(number, template, octets, is_keyframe)

    def _advance(self, number: int, rtp_timestamp: int, received_at: float) -> None:
        progress = self.progress
        if progress is None:
            self.progress = Progress(number, rtp_timestamp, received_at)
            return
        # The highest of each, which after reordering need not be of one packet.
        if (rtp_timestamp - progress.rtp_timestamp) & _TIMESTAMP_MASK >= _TIMESTAMP_HALF:
            rtp_timestamp = progress.rtp_timestamp
        self.progress = Progress(max(number, progress.number), rtp_timestamp, received_at)

    def _start_waiting(
        self,
        entries: list[_Entry],
        packets: Sequence[InboundPacket],
        now: float,
    ) -> list[Fanout]:
        """Let in who can start with this burst; return what they get beside it."""
        start = next((entry for entry in entries if entry.is_keyframe), None)
        arriving = self._admitted if start is None else self._starters()
        self._admitted = []
        if not arriving:
            return []
        start = start or entries[0]
        sequence_number, rtp_timestamp = start.template[1:]
        members = self.split_members()
        arrived = set(arriving)
        self.waiting = [each for each in self.waiting if each not in arrived]
        for subscription in arriving:
            subscription.arrive(self)
            subscription.start(
                self, start.number, sequence_number, rtp_timestamp, packets[0].received_at
            )
            members.add(subscription)
        self._started += arriving
        self._newest_start = max(self._newest_start, start.number)
        return self._catch_up(arriving, start, packets, now)

    def _catch_up(
        self,
        started: list[Subscription],
        start: _Entry,
        packets: Sequence[InboundPacket],
        now: float,
    ) -> list[Fanout]:
        """Return what came before the packet to start with, and follows it in order.

        There is nothing, unless the start of a keyframe was lost and has been repaired.
        """
        original = self._compactor.original(start.number)
        assert original is not None
        burst = {packet.extended_sequence_number for packet in packets}
        entries = [
            entry
            for packet in self._history.after(original)
            if packet.extended_sequence_number not in burst
            and not self._compactor.has_left_out(packet.extended_sequence_number)
            and (entry := self._prepare(packet, now)) is not None
        ]
        if not entries:
            return []
        for subscription in started:
            subscription.exclude(-len(entries), -sum(entry.octets for entry in entries))
        return [Fanout([entry.template for entry in entries], StreamTable(started))]

    def _split_by_start(self, entries: list[_Entry]) -> list[Fanout]:
        """Keep from each viewer what is older than its start; a late packet, most of the time.

        Its number would be one that the viewer knows from an earlier feed.
        """
        lowest = min(entry.number for entry in entries)
        by_start: dict[int, list[Subscription]] = {}
        for subscription in self.members:
            assert subscription.first_number is not None
            by_start.setdefault(max(lowest, subscription.first_number), []).append(subscription)
        fanouts = []
        for start, subscriptions in by_start.items():
            excluded = [entry for entry in entries if entry.number < start]
            for subscription in subscriptions:
                subscription.exclude(len(excluded), sum(entry.octets for entry in excluded))
            templates = [entry.template for entry in entries if entry.number >= start]
            if templates:
                fanouts.append(Fanout(templates, StreamTable(subscriptions)))
        return fanouts

    def _settle(self, subscription: Subscription) -> None:
        assert self.progress is not None
        subscription.stop(self, self.progress)
