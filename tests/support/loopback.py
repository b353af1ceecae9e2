"""A mux on a real loopback socket, with the reader and the timer that the server gives it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liverelay.transport.dtls import ServerCertificate
from liverelay.transport.ice import generate_credentials
from liverelay.transport.mux import Mux
from liverelay.transport.peer_transport import PeerTransport, SessionParameters
from tests.support.client import RemoteEndpoint

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from liverelay.transport.counters import CloseReason


@dataclass
class RecordingSink:
    """Remembers what a session told it."""

    rtp: list[bytes] = field(default_factory=list)
    rtcp: list[bytes] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    paths_restored: int = 0
    reason: CloseReason | None = None
    detail: str = ""

    def on_rtp(self, packet: bytes, _now: float) -> None:
        self.rtp.append(packet)
        self.arrived.set()

    def on_rtcp(self, packet: bytes, _now: float) -> None:
        self.rtcp.append(packet)
        self.arrived.set()

    def on_connected(self, _now: float) -> None:
        self.connected.set()

    def on_path_restored(self, _now: float) -> None:
        self.paths_restored += 1

    def on_closed(self, reason: CloseReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        self.closed.set()

    async def wait_for(self, *, rtp: int = 0, rtcp: int = 0) -> None:
        while len(self.rtp) < rtp or len(self.rtcp) < rtcp:
            self.arrived.clear()
            await self.arrived.wait()


class LoopbackServer:
    """The server's half of a test; `async with` it."""

    certificate = ServerCertificate()

    def __init__(self, ip: str = "127.0.0.1") -> None:
        self._ip = ip
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.received = asyncio.Event()
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.sendto = self._socket.sendto
        self.mux = Mux(self.sendto, certificate=self.certificate, start_task=self._start_task)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def tasks(self) -> int:
        return len(self._tasks)

    async def __aenter__(self) -> LoopbackServer:
        self._socket.bind((self._ip, 0))
        self._loop.add_reader(self._socket.fileno(), self._on_readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.mux.close()
        await self.drain()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        # A client that was closed just now closes its socket in the loop's next turn.
        await asyncio.sleep(0)

    async def drain(self) -> None:
        """Wait for the tasks of closed sessions."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
            # Where all have ended already, that does not let the loop turn, which forgets them.
            await asyncio.sleep(0)

    async def cancel_tasks(self) -> None:
        """End the tasks as the server's `TaskSet` does when it is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fall_silent(self) -> None:
        """Read nothing any more, as a server whose network is gone."""
        self._loop.remove_reader(self._socket.fileno())

    def open(
        self,
        sink: RecordingSink,
        fingerprints: Sequence[tuple[str, str]],
        *,
        setup: str = "passive",
        sctp_port: int | None = None,
    ) -> tuple[PeerTransport, RemoteEndpoint]:
        """Open a session; return it with what the answer would tell the client."""
        credentials = generate_credentials()
        parameters = SessionParameters(credentials, setup, fingerprints, sctp_port)
        transport = self.mux.open(parameters, sink, self._loop.time())
        self._settle()
        return transport, RemoteEndpoint((self.address,), credentials.ufrag, credentials.pwd)

    async def wait_until_dropped(self, reason: str) -> None:
        while not self.mux.counters.dropped[reason]:  # type: ignore[index]
            self.received.clear()
            await self.received.wait()

    def _start_task(self, coroutine: Coroutine[None, None, None], *, name: str) -> None:
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_readable(self) -> None:
        now = self._loop.time()
        try:
            while True:
                self.mux.receive(*self._socket.recvfrom(4096), now)
        except BlockingIOError:
            pass
        self.received.set()
        self._settle()

    def _on_timer(self) -> None:
        self._timer = None
        self.mux.handle_timeout(self._loop.time())
        self._settle()

    def _settle(self) -> None:
        deadline = self.mux.deadline()
        if deadline is not None and (self._timer is None or deadline < self._timer.when()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._on_timer)
