"""Starting a server, keeping it up, and bringing it down in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from contextlib import AsyncExitStack
from random import Random
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ConfigError, ListenError
from liverelay.server.acceptor import Acceptor
from liverelay.server.announcer import Announcer
from liverelay.server.app import create_app
from liverelay.server.context import ServerContext
from liverelay.server.deadlines import Deadlines
from liverelay.server.doctor import examine_running
from liverelay.server.events import MAX_LISTENERS, EventCounters, EventHub
from liverelay.server.garbage import GarbageSchedule
from liverelay.server.heap import HeapTrim, find_trim
from liverelay.server.listen import bind_http, describe_url, load_tls, local_url, port_of
from liverelay.server.logs import ANNOUNCEMENTS, SHOWS_KEY
from liverelay.server.media import MediaService
from liverelay.server.metrics.timings import Timings
from liverelay.server.overview import Overview
from liverelay.server.room_events import RoomEvents
from liverelay.server.routes.metrics import create_metrics_app
from liverelay.server.sessions import SessionRegistry
from liverelay.server.tasks import TaskSet
from liverelay.server.udp import UdpPort
from liverelay.server.vitals import LoopLagMonitor
from liverelay.server.watcher import watch_store
from liverelay.server.webhook import Backoff, Webhook
from liverelay.server.worker import MediaWorker, log_limitations
from liverelay.setting import Endpoint
from liverelay.store.catalogue import Catalogue
from liverelay.store.live import LivePublisher
from liverelay.store.store import Store
from liverelay.transport.addresses import (
    announced_addresses,
    bound_addresses,
    host_candidates,
    only_local,
)
from liverelay.utc import unix_now, unix_now_ns

if TYPE_CHECKING:
    import socket
    import ssl

    from liverelay.config import Settings

logger = logging.getLogger(__name__)
announcements = logging.getLogger(ANNOUNCEMENTS)

BOOTSTRAP_VARIABLE = "LIVERELAY_API_KEY"

# While draining the server still answers, so that clients learn to go elsewhere (503).
_DRAIN_TIME = 0.5

_DEADLINES = Deadlines()

# How long requests that still run may go on, and then how long they may take to notice that they
# were cut off: aiohttp waits twice. All waits together, the webhook's too, come to 6.5 s, well
# under the 10 s promised.
_SHUTDOWN_TIMEOUT = 2.0


class Server:
    """One LiveRelay server. Use `run` for a whole process, `start` and `close` to embed one."""

    def __init__(
        self,
        settings: Settings,
        *,
        first_key: str | None = None,
        deadlines: Deadlines = _DEADLINES,
    ) -> None:
        """Prepare a server; `first_key` becomes the bootstrap key if the store holds none."""
        self._settings = settings
        self._first_key = first_key
        self._deadlines = deadlines
        self._stack = AsyncExitStack()
        self._runners: list[web.AppRunner] = []
        self._context: ServerContext | None = None
        self._announcement = ""
        self._is_only_local = False
        self.url = ""
        self.metrics_url = ""

    async def start(self) -> None:
        """Open the store and the sockets and begin to serve.

        Raises:
            ConfigError: A certificate, a public address or a webhook cannot be used.
            ListenError: A port cannot be used.
            StoreError: The data directory is damaged.
            RefusedError: `first_key` is not an API key.
        """
        store = Store(self._settings.data_dir)
        store.remove_leftovers(unix_now())
        catalogue = Catalogue(store)
        catalogue.load(unix_now_ns())
        tasks = TaskSet()
        tls = load_tls(self._settings)
        listeners = self._bind(Endpoint(self._settings.host, self._settings.port))
        metrics_listeners = self._bind(self._settings.metrics_bind)
        self._context = self._open_context(store, catalogue, tasks, port_of(listeners[0]))
        if self._context.webhook is not None:
            # Closed once nothing can happen any more that it would have to tell.
            self._context.webhook.start(tasks.start)
            self._stack.push_async_callback(self._context.webhook.close)
        self._stack.push_async_callback(self._end_requests)
        await self._serve(create_app(self._context), listeners, tls)
        self.url = describe_url(listeners[0], self._settings.host, is_tls=tls is not None)
        if self._settings.metrics_bind is not None:
            await self._serve(create_metrics_app(self._context), metrics_listeners, None)
            host = self._settings.metrics_bind.host
            self.metrics_url = describe_url(metrics_listeners[0], host, is_tls=False) + "/metrics"
        self._stack.callback(self._context.events.close)
        tasks.start(self._context.overview.run(self._context.events), name="statistics")
        tasks.start(self._context.overview.keep_history(), name="history")
        # Only a server that listens makes the first key: one that fails would not show it, and the
        # next start would find a key there already.
        first_key = self._bootstrap(store)
        live = LivePublisher(store.live_directory, local_url(listeners[0], is_tls=tls is not None))
        self._stack.callback(live.close)
        tasks.start(watch_store(self._context, live), name="store watcher")
        self._announce(first_key)

    def is_empty(self) -> bool:
        """Return whether nobody has joined."""
        return self._context is None or len(self._context.sessions) == 0

    def releases(self) -> int:
        """Return how often the memory of a peer's handshake has been let go of."""
        return 0 if self._context is None else self._context.worker.counters.releases

    async def drain(self) -> None:
        """Refuse new sessions, tell the peers, and give them a moment to go."""
        assert self._context is not None
        self._context.is_draining = True
        logger.info("draining: %d sessions", len(self._context.sessions))
        await self._context.media.close_all()
        self._context.events.close()
        await asyncio.sleep(_DRAIN_TIME)

    async def close(self) -> None:
        """Close everything that `start` opened, in the reverse order."""
        await self._stack.aclose()

    def _open_context(
        self, store: Store, catalogue: Catalogue, tasks: TaskSet, http_port: int
    ) -> ServerContext:
        counters = EventCounters()
        events = EventHub(counters, max_listeners=MAX_LISTENERS)
        webhook = self._open_webhook()
        announcer = Announcer(catalogue, events, webhook)
        sessions = SessionRegistry(self._settings.max_sessions)
        addresses = announced_addresses(self._settings.public_address)
        timings = Timings()
        room_events = RoomEvents(counters, max_listeners=self._settings.max_sessions)
        bound = bound_addresses(addresses, self._settings.public_address)
        worker = self._open_worker(tasks, self._bind_udp(http_port, bound), timings, room_events)
        reachable = [each for each in addresses if each.version == 4 or worker.udp.has_ipv6]
        port = worker.udp.port
        self._announcement = ", ".join(f"{address} UDP port {port}" for address in reachable)
        self._is_only_local = only_local(reachable)
        candidates = host_candidates(reachable, port)
        lag = LoopLagMonitor(timings.lag)
        self._stack.callback(lag.close)
        findings = examine_running(self._settings, reachable, worker.udp)
        return ServerContext(
            settings=self._settings,
            catalogue=catalogue,
            sessions=sessions,
            media=MediaService(sessions, worker, candidates, announcer, timings, room_events),
            announcer=announcer,
            events=events,
            room_events=room_events,
            event_counters=counters,
            overview=Overview(catalogue, sessions, worker, lag, reachable, findings),
            worker=worker,
            timings=timings,
            webhook=webhook,
            token_secret=store.token_secret(),
            deadlines=self._deadlines,
            acceptor=Acceptor(self._deadlines),
        )

    def _open_webhook(self) -> Webhook | None:
        settings = self._settings
        if settings.webhook_url is None and settings.webhook_secret is None:
            return None
        if settings.webhook_url is None or settings.webhook_secret is None:
            raise ConfigError("A webhook needs both --webhook-url and --webhook-secret")
        return Webhook(settings.webhook_url, settings.webhook_secret, Backoff(Random()))

    def _open_worker(
        self, tasks: TaskSet, udp: UdpPort, timings: Timings, room_events: RoomEvents
    ) -> MediaWorker:
        worker = MediaWorker(udp, tasks.start, timings, room_events)

        async def close() -> None:
            worker.close()
            await tasks.close()
            worker.close_port()

        self._stack.push_async_callback(close)
        return worker

    def _bind(self, endpoint: Endpoint | None) -> list[socket.socket]:
        listeners = [] if endpoint is None else bind_http(endpoint.host, endpoint.port)
        for listener in listeners:
            self._stack.callback(listener.close)
        return listeners

    def _bind_udp(self, http_port: int, addresses: tuple[str, str]) -> UdpPort:
        if self._settings.udp_port is not None:
            return UdpPort(self._settings.udp_port, addresses)
        try:
            return UdpPort(http_port, addresses)
        except ListenError:
            # Nobody asked for this number if the HTTP port was free to choose.
            if self._settings.port != 0:
                raise
            return UdpPort(0, addresses)

    async def _serve(
        self, app: web.Application, listeners: list[socket.socket], tls: ssl.SSLContext | None
    ) -> None:
        runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await runner.setup()
        self._runners.append(runner)
        assert runner.server is not None
        assert self._context is not None
        acceptor = self._context.acceptor
        self._stack.push_async_callback(acceptor.close)
        for listener in listeners:
            acceptor.listen(listener, runner.server, tls)

    async def _end_requests(self) -> None:
        # All listeners at once: one after the other they would take too long together.
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))

    def _bootstrap(self, store: Store) -> str | None:
        """Make the first key if there is none; return it unless it is the operator's own."""
        made = store.keys.bootstrap(self._first_key)
        return made[0] if made and self._first_key is None else None

    def _announce(self, first_key: str | None) -> None:
        """Log where the server is and, this once, the first key; these lines are documented."""
        announcements.info("LiveRelay SFU listening on %s", self.url)
        if first_key is not None:
            announcements.info("Bootstrap API key: %s", first_key, extra=SHOWS_KEY)
        logger.info("media at %s", self._announcement)
        if self.metrics_url:
            logger.info("metrics at %s", self.metrics_url)
        assert self._context is not None
        log_limitations(self._context.worker.limitations)
        if not self._context.catalogue.list_keys():
            logger.warning(
                "There is no live API key: the REST API refuses everybody. Make one: "
                "liverelay keys create NAME"
            )
        if self._is_only_local:
            logger.warning(
                "Only private or loopback addresses are announced: viewers on the internet will "
                "see no video. Name the public one with --public-address."
            )


async def run(settings: Settings, *, first_key: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the process at once."""
    server = Server(settings, first_key=first_key)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await server.start()
        with (
            contextlib.closing(GarbageSchedule(server.is_empty)),
            contextlib.closing(HeapTrim(server.releases, find_trim())),
        ):
            await stopping.wait()
            await server.drain()
    finally:
        await server.close()
    logger.info("stopped")
