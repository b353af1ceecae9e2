"""Starting a server, keeping it up, and bringing it down in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ConfigError
from liverelay.server.app import create_app
from liverelay.server.context import ServerContext
from liverelay.server.http_protocol import connection_factory
from liverelay.server.logs import SHOWS_KEY
from liverelay.server.media import MediaService
from liverelay.server.sessions import SessionRegistry
from liverelay.server.tasks import TaskSet
from liverelay.server.watcher import watch_store
from liverelay.store.catalogue import Catalogue
from liverelay.store.store import Store
from liverelay.utc import unix_now, unix_now_ns

if TYPE_CHECKING:
    import socket

    from liverelay.config import Settings

logger = logging.getLogger(__name__)

BOOTSTRAP_VARIABLE = "LIVERELAY_API_KEY"

# While draining the server still answers, so that clients learn to go elsewhere (503).
_DRAIN_TIME = 0.5

# Requests still running after this are cut off. Both together stay well under the 10 s promised.
_SHUTDOWN_TIMEOUT = 5.0


class Server:
    """One LiveRelay server. Use `run` for a whole process, `start` and `close` to embed one."""

    def __init__(self, settings: Settings, *, first_key: str | None = None) -> None:
        """Prepare a server; `first_key` becomes the bootstrap key if the store holds none."""
        self._settings = settings
        self._first_key = first_key
        self._stack = AsyncExitStack()
        self._context: ServerContext | None = None
        self.url = ""

    async def start(self) -> None:
        """Open the store and the sockets and begin to serve.

        Raises:
            ConfigError: A port or a certificate cannot be used.
            StoreError: The data directory is damaged.
            RefusedError: `first_key` is not an API key.
        """
        store = Store(self._settings.data_dir)
        store.remove_leftovers(unix_now())
        bootstrapped = store.keys.bootstrap(self._first_key)
        catalogue = Catalogue(store)
        catalogue.load(unix_now_ns())
        sessions = SessionRegistry(self._settings.max_sessions)
        self._context = ServerContext(
            settings=self._settings,
            catalogue=catalogue,
            sessions=sessions,
            media=MediaService(sessions),
            token_secret=store.token_secret(),
        )
        tasks = TaskSet()
        self._stack.push_async_callback(tasks.close)
        await self._listen(self._context)
        tasks.start(watch_store(self._context), name="store watcher")
        logger.info("LiveRelay SFU listening on %s", self.url)
        if bootstrapped is not None and self._first_key is None:
            logger.info("Bootstrap API key: %s", bootstrapped[0], extra=SHOWS_KEY)

    async def drain(self) -> None:
        """Refuse new sessions, tell the peers, and give them a moment to go."""
        assert self._context is not None
        self._context.is_draining = True
        logger.info("draining: %d sessions", len(self._context.sessions))
        self._context.media.close_all()
        await asyncio.sleep(_DRAIN_TIME)

    async def close(self) -> None:
        """Close everything that `start` opened, in the reverse order."""
        await self._stack.aclose()

    async def _listen(self, context: ServerContext) -> None:
        runner = web.AppRunner(create_app(context), shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        assert runner.server is not None
        tls = _load_tls(self._settings)
        host, port = self._settings.host, self._settings.port
        try:
            listener = await asyncio.get_running_loop().create_server(
                connection_factory(runner.server), host, port, ssl=tls
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise ConfigError(f"cannot listen on {host} port {port}: {reason}") from None
        self._stack.callback(listener.close)
        self.url = _describe(listener.sockets[0], host, is_tls=tls is not None)


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
        await stopping.wait()
        await server.drain()
    finally:
        await server.close()
    logger.info("stopped")


def _load_tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:  # ssl.SSLError is one
        files = f"{settings.tls_cert} and {settings.tls_key}"
        raise ConfigError(f"cannot use {files} for TLS: {error}") from None
    return context


def _describe(listener: socket.socket, host: str, *, is_tls: bool) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if is_tls else 'http'}://{shown}:{listener.getsockname()[1]}"
