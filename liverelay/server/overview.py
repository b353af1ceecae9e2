"""The server and its rooms at a glance, for who listens to `/v1/events`.

Everything here is computed because somebody looks, except for the history of what plots show, for
which a few sums are read every five seconds. Of viewers, of which there are many, there are sums
only; `/v1/rooms/{room_id}/stats` has each. Rooms may be many as well, so each is taken by itself,
and packets get their turn in between.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import liverelay
from liverelay import views
from liverelay.server import room_events
from liverelay.server.context import now
from liverelay.server.events import Event
from liverelay.server.figure_history import INTERVAL as HISTORY_INTERVAL
from liverelay.server.figure_history import FigureHistory
from liverelay.server.flatten import flatten
from liverelay.server.rates import CounterRates
from liverelay.server.turns import Turns
from liverelay.server.vitals import memory_size
from liverelay.sfu.totals import MediaTotals
from liverelay.utc import unix_now, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from liverelay.server.doctor import Finding
    from liverelay.server.events import EventHub
    from liverelay.server.sessions import SessionRegistry
    from liverelay.server.vitals import LoopLagMonitor
    from liverelay.server.worker import MediaWorker
    from liverelay.sfu.room import RoomMedia
    from liverelay.sfu.statistics import InboundRtpStats, PublicationStats
    from liverelay.sfu.types import SessionId
    from liverelay.store.catalogue import Catalogue
    from liverelay.store.records import Room
    from liverelay.transport.addresses import IpAddress

SNAPSHOT = "snapshot"
STATISTICS = "statistics"

_INTERVAL = 1.0

# What was not looked at for so long is gone, or nobody listened.
_FORGET_AFTER = 10.0


class Overview:
    """Says how things are, with rates since the last look."""

    def __init__(
        self,
        catalogue: Catalogue,
        sessions: SessionRegistry,
        worker: MediaWorker,
        lag: LoopLagMonitor,
        addresses: Sequence[IpAddress],
        findings: Sequence[Finding],
    ) -> None:
        """Prepare to look.

        Args:
            catalogue: The rooms.
            sessions: Who is in them.
            worker: Their media.
            lag: How the event loop keeps up.
            addresses: Where answers say that media is reached.
            findings: What the doctor said when the server started.
        """
        self._catalogue = catalogue
        self._sessions = sessions
        self._worker = worker
        self._lag = lag
        self._addresses = [str(each) for each in addresses]
        self._warnings = [each.to_json() for each in findings if each.advice]
        self._started_at = now()
        self._meter = CounterRates()
        self._history = FigureHistory()

    async def snapshot(self) -> Event:
        """Return how everything is, of all rooms, oldest first, and how it was until now."""
        # The rooms of this moment: later ones are told to who listens already.
        rooms = self._catalogue.list_rooms()
        return await self._describe(SNAPSHOT, rooms, *await self._history_member())

    async def run(self, hub: EventHub) -> None:
        """Publish statistics once a second while somebody listens."""
        while True:
            await hub.wait_for_listener()
            await asyncio.sleep(_INTERVAL)
            hub.send(await self._statistics())
            self._meter.forget_older(now() - _FORGET_AFTER)

    async def keep_history(self) -> None:
        """Note what plots show, all the time."""
        while True:
            await asyncio.sleep(HISTORY_INTERVAL)
            await self.note_history(now(), unix_now())

    async def note_history(self, at: float, unix_at: int) -> None:
        """Note what plots show; `at` is monotonic, `unix_at` the same instant in unix seconds."""
        turns, history = Turns(), self._history
        for room_id, (_, subscribers) in self._sessions.counts().items():
            if history.admits(room_id):
                media = self._worker.find_room(room_id)
                totals = MediaTotals() if media is None else media.totals()
                history.add_room(room_id, totals, subscribers, at, unix_at)
                await turns.give()
        subscribers = self._sessions.subscriber_total()
        history.add_server(await self._worker.totals(), subscribers, at, unix_at)
        history.forget(self._catalogue.find_room, at)

    async def _statistics(self) -> Event:
        """Return how the server is, and the rooms that have sessions."""
        found = map(self._catalogue.find_room, self._sessions.counts())
        return await self._describe(STATISTICS, [room for room in found if room is not None])

    async def _describe(self, name: str, rooms: Iterable[Room], *more: str) -> Event:
        at, turns = now(), Turns()
        written: list[str] = []
        for room in rooms:
            written.append(_to_json(self._room_status(room, at)))
            await turns.give()
        totals = await self._worker.totals()
        server = _to_json(self._server_status(totals, at))
        # Put together once: with its history this is megabytes where there are hundreds of rooms.
        data = "".join(('{"server":', server, ',"rooms":[', ",".join(written), "]", *more, "}"))
        return Event(name, data.encode(), is_state=True)

    async def _history_member(self) -> list[str]:
        turns, rooms = Turns(), list[str]()
        for room in self._history.rooms_json():
            rooms += (",", room)
            await turns.give()
        head = f',"history":{{"interval":{HISTORY_INTERVAL},"server":{self._history.server_json()}'
        return [head, ',"rooms":{', *rooms[1:], "}}"]

    def _room_status(self, room: Room, at: float) -> dict[str, object]:
        sessions, room_id = self._sessions, room.room_id
        status: dict[str, object] = {
            **views.room(
                room,
                now=utc_now(),
                publisher_count=sessions.publisher_count(room_id),
                subscriber_count=sessions.subscriber_count(room_id),
            )
        }
        since = sessions.sending_since(room_id)
        status["live_secs"] = None if since is None else int(at - since)
        media = self._worker.find_room(room_id)
        return status | (_no_media() if media is None else self._media_status(room_id, media, at))

    def _media_status(self, room_id: str, media: RoomMedia, at: float) -> dict[str, object]:
        totals = media.totals()
        outbound = self._outbound_flow(room_id, totals, at)
        publications = media.publication_statistics()
        return {
            "inbound": self._inbound_flow(room_id, totals, at),
            "outbound": {**outbound, "fraction_lost": media.viewers_fraction_lost()},
            "publications": [self._publication_status(each, at) for each in publications],
            "speakers": room_events.describe(media.speakers),
        }

    def _publication_status(self, publication: PublicationStats, at: float) -> dict[str, object]:
        return {
            "peer_id": publication.peer_id,
            "session_id": publication.session_id,
            "kind": publication.kind.value,
            "streams": [
                self._stream_status(publication.session_id, each, at)
                for each in publication.streams
            ],
        }

    def _stream_status(
        self, session_id: SessionId, stream: InboundRtpStats, at: float
    ) -> dict[str, object]:
        key = (session_id, stream.ssrc)
        octets = self._meter.rate((*key, "bytes"), stream.bytes_received, at)
        received = self._meter.rate((*key, "packets"), stream.packets_received, at)
        lost = self._meter.rate((*key, "lost"), stream.packets_lost, at)
        return {
            **flatten(stream),
            "bitrate_bps": None if octets is None else round(8 * octets),
            "fraction_lost": _fraction(lost, received),
        }

    def _server_status(self, totals: MediaTotals, at: float) -> dict[str, object]:
        return {
            "version": liverelay.__version__,
            "uptime_secs": int(at - self._started_at),
            "rooms_active": self._catalogue.room_count,
            "sessions_active": len(self._sessions),
            "subscribers_active": self._sessions.subscriber_total(),
            "cpu_fraction": self._meter.rate("cpu", time.process_time(), at),
            "memory_size": memory_size(),
            "event_loop_lag_secs": self._lag.worst,
            "inbound": self._inbound_flow("", totals, at),
            "outbound": self._outbound_flow("", totals, at),
            "udp": self._udp_status(),
            "warnings": self._warnings,
        }

    def _udp_status(self) -> dict[str, object]:
        counters = self._worker.counters
        return {
            "port": self._worker.udp.port,
            "addresses": self._addresses,
            "buffer_size": self._worker.udp.buffer_size,
            "dropped": {reason.value: count for reason, count in counters.dropped.items() if count},
            "unsent": {
                "full": counters.unsent_full,
                "failed": counters.unsent_failed,
                "unready": counters.unsent_unready,
            },
        }

    def _inbound_flow(self, owner: str, totals: MediaTotals, at: float) -> dict[str, object]:
        return self._flow((owner, "inbound"), totals.packets_received, totals.bytes_received, at)

    def _outbound_flow(self, owner: str, totals: MediaTotals, at: float) -> dict[str, object]:
        return self._flow((owner, "outbound"), totals.packets_sent, totals.bytes_sent, at)

    def _flow(
        self, key: tuple[str, str], packets: int, octets: int, at: float
    ) -> dict[str, object]:
        packet_rate = self._meter.rate((*key, "packets"), packets, at)
        octet_rate = self._meter.rate((*key, "bytes"), octets, at)
        return {
            "packets_per_second": None if packet_rate is None else round(max(0.0, packet_rate), 1),
            "bitrate_bps": None if octet_rate is None else round(max(0.0, 8 * octet_rate)),
        }


def _to_json(status: Mapping[str, object]) -> str:
    return json.dumps(status, separators=(",", ":"))


def _no_media() -> dict[str, object]:
    nothing = {"packets_per_second": 0.0, "bitrate_bps": 0}
    return {
        "inbound": nothing,
        "outbound": {**nothing, "fraction_lost": None},
        "publications": [],
        "speakers": {"speaking": [], "dominant": None},
    }


def _fraction(lost: float | None, received: float | None) -> float | None:
    """Return the share of packets that were lost; duplicates can make `lost` negative."""
    if lost is None or received is None or lost + received <= 0:
        return None
    return round(min(1.0, max(0.0, lost / (lost + received))), 4)
