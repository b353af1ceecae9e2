"""The media worker: one UDP port and everything whose packets pass through it.

Packets in, packets out, and the deadlines in between. Each burst from the socket, each timer and
each call from outside ends in `settle`, which sends what the rooms have ready and re-arms the one
alarm; nothing else sends.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from typing import TYPE_CHECKING

from liverelay.errors import TransportError
from liverelay.rtp.types import Ssrc
from liverelay.server.turns import Turns
from liverelay.server.udp import Alarm, UdpPort
from liverelay.sfu.deadlines import DeadlineQueue, earliest
from liverelay.sfu.drops import DropReason
from liverelay.sfu.probe import ProbeSlots
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.totals import MediaTotals
from liverelay.transport.dtls import ServerCertificate
from liverelay.transport.egress import batch_support, open_egress
from liverelay.transport.mux import Mux
from liverelay.utc import ntp_now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.server.metrics.timings import Timings
    from liverelay.server.room_events import RoomEvents
    from liverelay.sfu.drops import DropCounters
    from liverelay.sfu.types import SessionId
    from liverelay.transport.counters import TransportCounters
    from liverelay.transport.kernel import BatchSupport
    from liverelay.transport.peer_transport import MediaSink, PeerTransport, SessionParameters
    from liverelay.transport.turnstile import Turnstile
    from liverelay.transport.types import Address, StartTask

logger = logging.getLogger(__name__)

# Copies that are made of one burst at the most, give or take a packet's: 5 ms of work, in which
# nothing else is done. With 150 ms of it, which a backlog of 256 packets came to with 220 viewers,
# joins stalled.
_MAX_COPIES = 1024


class MediaWorker:
    """Owns the UDP port, the transports of all sessions and the media of all rooms."""

    def __init__(
        self, udp: UdpPort, start_task: StartTask, timings: Timings, room_events: RoomEvents
    ) -> None:
        self.certificate = ServerCertificate()
        self.udp = udp
        self._timings = timings
        self._room_events = room_events
        self._mux = Mux(udp.send, certificate=self.certificate, start_task=start_task)
        self._batching = batch_support()
        self._egress = open_egress(udp, self._mux.targets, self._mux.counters, self._batching)
        self._alarm = Alarm(self._on_alarm)
        self._rooms: dict[str, RoomMedia] = {}
        self._probe_slots = ProbeSlots()
        self._ended = MediaTotals()
        self._ended_drops: DropCounters = Counter()
        self._touched: set[str] = set()
        self._deadlines: DeadlineQueue[str] = DeadlineQueue()
        self._transports: dict[SessionId, PeerTransport] = {}
        self._is_closed = False
        self._has_forwarded = False
        self._clock = asyncio.get_running_loop().time
        self._ntp_at_zero = ntp_now() - self._clock()
        self._copies = 0
        udp.start(self)

    @property
    def counters(self) -> TransportCounters:
        return self._mux.counters

    @property
    def turnstile(self) -> Turnstile:
        """Where handshakes wait for their turn; whatever else takes long may do so, too."""
        return self._mux.turnstile

    @property
    def batching(self) -> BatchSupport:
        """What is used for sending; a system may turn out to have less than at first."""
        return self._egress.support

    @property
    def limitations(self) -> list[str]:
        """What this system lacks for the fastest way of sending, in words."""
        return [self.batching.missing] if self.batching.missing else []

    def __len__(self) -> int:
        """Return how many transports are open."""
        return len(self._mux)

    def open(
        self, session_id: SessionId, parameters: SessionParameters, sink: MediaSink, now: float
    ) -> PeerTransport:
        """Expect the peer of a new session.

        Raises:
            TransportError: The port has been closed.
        """
        if self._is_closed:
            raise TransportError("the UDP port is closed")
        transport = self._mux.open(parameters, sink, now)
        self._transports[session_id] = transport
        self._set_alarm()
        return transport

    def release(self, session_id: SessionId) -> None:
        """Close a session's transport, if it is open still, and forget it."""
        self._transports.pop(session_id).close()

    def room(self, room_id: str) -> RoomMedia:
        """Return the media of a room, to be changed: what comes of it is sent by `settle`."""
        room = self._rooms.get(room_id)
        if room is None:
            local_ssrc = Ssrc(secrets.randbits(32) or 1)
            room = self._rooms[room_id] = RoomMedia(
                local_ssrc,
                cname=secrets.token_hex(8),
                ntp_at_zero=self._ntp_at_zero,
                probe_slots=self._probe_slots,
            )
        self._touched.add(room_id)
        return room

    def find_room(self, room_id: str) -> RoomMedia | None:
        """Return the media of a room, only to be looked at; None if it has no sessions."""
        return self._rooms.get(room_id)

    async def totals(self) -> MediaTotals:
        """Return how much media there was since the start; packets get their turn meanwhile."""
        turns, totals = Turns(), MediaTotals()
        totals.add(self._ended)
        # Those of this moment: each is counted once, though it may end before it is looked at.
        for room in tuple(self._rooms.values()):
            totals.add(room.totals())
            await turns.give()
        return totals

    def drops(self) -> DropCounters:
        """Return why packets of known peers went no further, since the start."""
        drops: DropCounters = Counter(dict.fromkeys(DropReason, 0))
        drops.update(self._ended_drops)
        for room in self._rooms.values():
            drops.update(room.drops)
        return drops

    def forget_room(self, room_id: str) -> None:
        """Let go of a room without sessions."""
        if (room := self._rooms.pop(room_id, None)) is not None:
            self._ended.add(room.totals())
            self._ended_drops += room.drops
        self._room_events.room_emptied(room_id)
        self._touched.discard(room_id)
        self._deadlines.discard(room_id)

    def on_rtp(self, room_id: str, session_id: SessionId, packet: bytes, now: float) -> None:
        """Take in one packet from a publisher, in the clear; `settle` sends it on."""
        self._copies += self.room(room_id).on_rtp(session_id, packet, now)

    def on_rtcp(self, room_id: str, session_id: SessionId, packet: bytes, now: float) -> None:
        """Take in one compound packet from any peer, in the clear."""
        room = self._rooms.get(room_id)
        # Most of them are reports which say that all is well.
        if room is not None and room.on_rtcp(session_id, packet, now):
            self._touched.add(room_id)

    def receive(self, datagram: bytes, address: Address, now: float) -> bool:
        """Take one datagram; return whether there may be more before `settle`."""
        self._mux.receive(datagram, address, now)
        return self._copies < _MAX_COPIES

    def settle(self, now: float) -> None:
        """Send what the rooms that were called have ready, and set the alarm."""
        self._copies = 0
        if self._touched:
            while self._touched:
                room_id = self._touched.pop()
                self._settle_room(room_id, self._rooms[room_id], now)
            if self._has_forwarded:
                self._has_forwarded = False
                self._timings.forwarding.observe(self._clock() - now)
                if self._batching is not self.batching:
                    self._batching = self.batching
                    log_limitations(self.limitations)
        self._set_alarm()

    def close(self) -> None:
        """Stop reading and close every transport; their peers are told."""
        self._is_closed = True
        self._alarm.cancel()
        self._mux.close()

    def close_port(self) -> None:
        """Close the sockets, once the peers have been told."""
        self.udp.close()

    def _settle_room(self, room_id: str, room: RoomMedia, now: float) -> None:
        for fanout in room.flush(now):
            self._egress.send(fanout)
            self._has_forwarded = True
        for command in room.take_commands():
            # A session may have ended since the room decided to write to it.
            if (transport := self._transports.get(command.session_id)) is not None:
                transport.send_rtcp(command.data)
        if room.speakers.take_changed():
            self._room_events.speakers_changed(room_id, room.speakers)
        if (deadline := room.deadline()) is not None:
            self._deadlines.set(room_id, deadline)

    def _set_alarm(self) -> None:
        self._alarm.set(earliest(self._mux.deadline(), self._deadlines.next()))

    def _on_alarm(self, now: float) -> None:
        self._mux.handle_timeout(now)
        due = self._deadlines.take_due(now)
        try:
            while due:
                room_id = due.pop()
                self._rooms[room_id].handle_timeout(now)
                self._touched.add(room_id)
        finally:
            # Whatever became of one room, the others are looked at.
            for room_id in due:
                self._deadlines.set(room_id, now)
            self.settle(now)


def log_limitations(limitations: Iterable[str]) -> None:
    for limitation in limitations:
        logger.warning("Media is sent, but costs more than it need: %s.", limitation)
