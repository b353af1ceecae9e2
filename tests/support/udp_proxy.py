"""A network on loopback: a UDP port that relays to the server, late, not everything, not too fast.

It has a thread and an event loop of its own, for tests that drive a browser without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from tests.support.network import Conditions, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Address = tuple[str, int]

# Neither end is further away than this machine, unless a test says so.
DIRECT = Conditions(delay=0.0)

_BUFFER_SIZE = 1 << 20
_LARGEST_DATAGRAM = 1 << 16


class UdpProxy:
    """Relays between clients and the server, which knows each of them by a port of its own.

    All clients of a proxy share its two paths: to limit one alone, give it a proxy of its own. The
    conditions of the paths may be changed while it runs.
    """

    def __init__(self, server: Address, seed: int = 1) -> None:
        self.to_server = Path(DIRECT, seed)
        self.to_client = Path(DIRECT, seed + 1)
        self._loop = asyncio.new_event_loop()
        self._server = server
        self._front = _open_socket()
        self._front.bind(("127.0.0.1", 0))
        self._backs: dict[Address, socket.socket] = {}
        self._cut_off: set[Address] = set()
        self._loop.add_reader(self._front, self._read_front)

    @property
    def port(self) -> int:
        return int(self._front.getsockname()[1])

    def set_conditions(self, conditions: Conditions) -> None:
        """Make both ways alike."""
        self.to_server.conditions = self.to_client.conditions = conditions

    def run(self) -> None:
        """Relay until `stop` is called, from another thread."""
        self._loop.run_forever()
        self._loop.close()
        for each in (self._front, *self._backs.values()):
            each.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def rebind(self) -> None:
        """Let the server see every client at a new address, as when a NAT forgets or a phone moves.

        What the server still sends to the old one is lost.
        """
        self._loop.call_soon_threadsafe(self._close_backs)

    def cut_off(self) -> None:
        """Lose all from and to the ports that clients have used so far, as when a network is left.

        What they send from other ports passes.
        """
        self._loop.call_soon_threadsafe(self._forget_clients)

    def _forget_clients(self) -> None:
        self._cut_off.update(self._backs)
        self._close_backs()

    def _close_backs(self) -> None:
        for back in self._backs.values():
            self._loop.remove_reader(back)
            back.close()
        self._backs.clear()

    def _read_front(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, client = self._front.recvfrom(_LARGEST_DATAGRAM)
                if client in self._cut_off:
                    continue
                back = self._backs.get(client) or self._open_back(client)
                self._later(self.to_server, data, back.send)

    def _read_back(self, back: socket.socket, client: Address) -> None:
        # A server that is gone refuses; to its clients that is silence.
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                data = back.recv(_LARGEST_DATAGRAM)
                self._later(self.to_client, data, lambda data: self._front.sendto(data, client))

    def _open_back(self, client: Address) -> socket.socket:
        back = self._backs[client] = _open_socket()
        back.connect(self._server)
        self._loop.add_reader(back, self._read_back, back, client)
        return back

    def _later(self, path: Path, data: bytes, send: Callable[[bytes], object]) -> None:
        arrival = path.arrival(len(data), self._loop.time())
        if arrival is not None:
            self._loop.call_at(arrival, _try, send, data)


def _open_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        opened.setsockopt(socket.SOL_SOCKET, option, _BUFFER_SIZE)
    return opened


def _try(send: Callable[[bytes], object], data: bytes) -> None:
    # A socket that is full, refused, or closed because its client has moved: the datagram is lost.
    with contextlib.suppress(OSError):
        send(data)


def with_port(sdp: str, port: int) -> str:
    """Return an answer whose candidates have `port` instead of the server's."""
    return "\r\n".join(
        " ".join([*line.split(" ")[:5], str(port), *line.split(" ")[6:]])
        if line.startswith("a=candidate:")
        else line
        for line in sdp.split("\r\n")
    )


@contextlib.contextmanager
def running_proxy(server: Address, seed: int = 1) -> Iterator[UdpProxy]:
    """Run a proxy in a thread until the block ends; it changes nothing until it is told to."""
    proxy = UdpProxy(server, seed)
    thread = threading.Thread(target=proxy.run, name="udp proxy")
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
