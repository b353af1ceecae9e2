"""Taking in HTTP connections: no more than there are files for, and none that never gets ready.

asyncio's own server accepts until the process has no file left. From then on the store cannot be
read, so that a revoked key would stay alive, and each further client costs a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.open_files import allow_open_files
from liverelay.server.http_protocol import connection_factory
from liverelay.server.tasks import TaskSet

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from aiohttp import web

    from liverelay.server.deadlines import Deadlines
    from liverelay.server.http_protocol import HttpConnection

logger = logging.getLogger(__name__)

# Four for each of 5,000 sessions: its events, a request, and what a browser keeps for the next.
MAX_CONNECTIONS = 20_000

# Listeners, the media port, webhooks, logs, and what the threads that read the store have open.
_OTHER_FILES = 128

# Each takes a tenth of a millisecond, in which packets wait.
_BURST = 16

# When there is no file for a connection after all: other programs may need them all.
_RETRY_INTERVAL = 1.0

_REPORT_INTERVAL = 60.0


@dataclass(frozen=True, slots=True)
class _Listener:
    """A listening socket, and what its connections become."""

    socket: socket.socket
    make_connection: Callable[[], HttpConnection]
    tls: ssl.SSLContext | None


class Acceptor:
    """Accepts the connections of a server's listeners, which share one bound."""

    def __init__(self, deadlines: Deadlines) -> None:
        self.refused = 0
        self._deadlines = deadlines
        self._max_connections = _max_connections()
        self._loop = asyncio.get_running_loop()
        self._tasks = TaskSet()
        self._listeners: list[_Listener] = []
        self._retries: dict[_Listener, asyncio.TimerHandle] = {}
        self._connections: set[HttpConnection] = set()
        # Accepted, and not in the hands of a task yet.
        self._accepted: set[socket.socket] = set()
        self._next_report = 0.0

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    def listen(self, sock: socket.socket, server: web.Server, tls: ssl.SSLContext | None) -> None:
        """Accept for `server` what comes at `sock`, which `close` closes."""
        make = connection_factory(server, self._deadlines, self._connections.discard)
        listener = _Listener(sock, make, tls)
        sock.setblocking(False)
        self._listeners.append(listener)
        self._watch(listener)

    async def close(self) -> None:
        """Accept nothing more, and drop what is not ready yet; what is belongs to its server."""
        while self._retries:
            self._retries.popitem()[1].cancel()
        while self._listeners:
            sock = self._listeners.pop().socket
            self._loop.remove_reader(sock)
            sock.close()
        await self._tasks.close()
        while self._accepted:
            self._accepted.pop().close()

    def _watch(self, listener: _Listener) -> None:
        self._retries.pop(listener, None)
        self._loop.add_reader(listener.socket, self._accept, listener)

    def _accept(self, listener: _Listener) -> None:
        for _ in range(_BURST):
            try:
                sock, _ = listener.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listener, error)
                return
            if len(self._connections) < self._max_connections:
                self._begin(sock, listener)
            else:
                sock.close()
                self.refused += 1
                self._report("%d HTTP connections are open: more are refused", len(self))

    def _pause(self, listener: _Listener, error: OSError) -> None:
        """Try again in a moment: what waits to be accepted would be reported without end."""
        self._loop.remove_reader(listener.socket)
        self._retries[listener] = self._loop.call_later(_RETRY_INTERVAL, self._watch, listener)
        self._report("HTTP connections cannot be accepted: %s", error.strerror)

    def _begin(self, sock: socket.socket, listener: _Listener) -> None:
        connection = listener.make_connection()
        self._connections.add(connection)
        self._accepted.add(sock)
        self._tasks.start(self._open(sock, connection, listener.tls), name="connection")

    async def _open(
        self, sock: socket.socket, connection: HttpConnection, tls: ssl.SSLContext | None
    ) -> None:
        """Make `sock` a connection; from then on that tells when it is lost."""
        self._accepted.discard(sock)
        timeouts = (None, None) if tls is None else (self._deadlines.head, self._deadlines.write)
        # The client's doing: a TLS handshake that fails, or that takes too long.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=tls,
                ssl_handshake_timeout=timeouts[0],
                ssl_shutdown_timeout=timeouts[1],
            )
        if not connection.connected:
            self._connections.discard(connection)

    def _report(self, text: str, detail: object) -> None:
        """Log what a stranger can cause: once in a while, however often it happens."""
        now = self._loop.time()
        if now >= self._next_report:
            self._next_report = now + _REPORT_INTERVAL
            logger.warning(text, detail)


def _max_connections() -> int:
    """Return how many connections leave enough files for everything else."""
    files = allow_open_files(MAX_CONNECTIONS + _OTHER_FILES)
    # Where there are very few, half of them.
    return min(max(files - _OTHER_FILES, files // 2), MAX_CONNECTIONS)
