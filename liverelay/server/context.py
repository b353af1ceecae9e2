"""What every route needs, owned by one server; there is no module-level state."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.server.deadlines import Deadlines
from liverelay.server.rate_limit import FailureLimiter

if TYPE_CHECKING:
    from liverelay.config import Settings
    from liverelay.server.acceptor import Acceptor
    from liverelay.server.announcer import Announcer
    from liverelay.server.events import EventCounters, EventHub
    from liverelay.server.media import MediaService
    from liverelay.server.metrics.timings import Timings
    from liverelay.server.overview import Overview
    from liverelay.server.room_events import RoomEvents
    from liverelay.server.sessions import SessionRegistry
    from liverelay.server.webhook import Webhook
    from liverelay.server.worker import MediaWorker
    from liverelay.store.catalogue import Catalogue


@dataclass(slots=True)
class ServerContext:
    """One server's settings and state. `is_draining` is set once and never cleared."""

    settings: Settings
    catalogue: Catalogue
    sessions: SessionRegistry
    media: MediaService
    announcer: Announcer
    events: EventHub
    room_events: RoomEvents
    event_counters: EventCounters
    overview: Overview
    worker: MediaWorker
    timings: Timings
    webhook: Webhook | None
    token_secret: bytes
    acceptor: Acceptor
    key_failures: FailureLimiter = field(init=False)
    is_draining: bool = False
    rooms_being_made: int = 0
    deadlines: Deadlines = Deadlines()

    def __post_init__(self) -> None:
        self.key_failures = FailureLimiter(self.settings.key_failure_limit)


CONTEXT = web.AppKey("context", ServerContext)


def now() -> float:
    """Return the monotonic time that everything in this process measures intervals with."""
    return asyncio.get_running_loop().time()
