"""The last ten minutes of what plots show: of the server, and of each room that has sessions.

It is kept whether or not anybody looks, so that a plot is whole at the first look (docs/adr/012).
An entry is written as JSON when it is made, and so once, however many dashboards are opened.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liverelay.server.rates import CounterRates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from liverelay.sfu.totals import MediaTotals

# A plot of ten minutes has room for 120 points, also on a phone.
INTERVAL = 5
MAX_ENTRIES = 120

# More live rooms than one process carries with video; a room is 13 kB of a snapshot, and somewhat
# more than that in memory.
MAX_ROOMS = 250

_WINDOW = INTERVAL * MAX_ENTRIES


@dataclass(slots=True)
class _Entries:
    """What is kept of one owner, oldest first, each with the time when it goes."""

    seen_at: float
    kept: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=MAX_ENTRIES))

    def drop_expired(self, now: float) -> None:
        while self.kept and self.kept[0][0] <= now:
            self.kept.popleft()

    def to_json(self) -> str:
        return f"[{','.join(text for _, text in self.kept)}]"


class FigureHistory:
    """Remembers the figures of the server and of up to `MAX_ROOMS` rooms, for ten minutes.

    It is to be told every `INTERVAL` seconds. `now` is monotonic; `at` is the same instant in unix
    seconds, as clients are told it. A room that is not told any more keeps what it has until that
    is too old: somebody who publishes may only be away for a moment.
    """

    def __init__(self) -> None:
        self._rates = CounterRates()
        self._server = _Entries(0.0)
        self._rooms: dict[str, _Entries] = {}

    def admits(self, room_id: str) -> bool:
        """Return whether there is room for what `add_room` would be told."""
        return room_id in self._rooms or len(self._rooms) < MAX_ROOMS

    def add_server(self, totals: MediaTotals, subscribers: int, now: float, at: int) -> None:
        """Note how much media there was so far on the whole server, and who receives it now."""
        self._add("", self._server, totals, {"subscribers_active": subscribers}, now, at)

    def add_room(
        self, room_id: str, totals: MediaTotals, subscribers: int, now: float, at: int
    ) -> None:
        """Note the same of a room that has sessions; it has to be admitted."""
        entries = self._rooms.setdefault(room_id, _Entries(now))
        self._add(room_id, entries, totals, {"subscriber_count": subscribers}, now, at)

    def forget(self, exists: Callable[[str], object], now: float) -> None:
        """Let go of what is too old, and of the rooms that do not exist any more."""
        self._rates.forget_older(now - 2 * INTERVAL)
        self._server.drop_expired(now)
        for room_id, entries in tuple(self._rooms.items()):
            entries.drop_expired(now)
            if entries.seen_at + _WINDOW <= now or not exists(room_id):
                del self._rooms[room_id]

    def server_json(self) -> str:
        """Return the server's entries as a JSON array, oldest first."""
        return self._server.to_json()

    def rooms_json(self) -> Iterator[str]:
        """Return for each room its member of a JSON object: the id, and its entries."""
        for room_id, entries in tuple(self._rooms.items()):
            yield f"{json.dumps(room_id)}:{entries.to_json()}"

    def _add(
        self,
        owner: str,
        entries: _Entries,
        totals: MediaTotals,
        presence: dict[str, int],
        now: float,
        at: int,
    ) -> None:
        entries.seen_at = now
        inbound = self._rates.rate((owner, "inbound"), totals.bytes_received, now)
        outbound = self._rates.rate((owner, "outbound"), totals.bytes_sent, now)
        # A rate needs two looks.
        if inbound is None or outbound is None:
            return
        entry = {"at": at, "inbound": _flow(inbound), "outbound": _flow(outbound), **presence}
        entries.kept.append((now + _WINDOW, json.dumps(entry, separators=(",", ":"))))


def _flow(bytes_per_second: float) -> dict[str, int]:
    # Below zero when all of a room's sessions have gone and others have come, who count from 0.
    return {"bitrate_bps": max(0, round(8 * bytes_per_second))}
