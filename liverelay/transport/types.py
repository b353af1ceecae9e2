"""What the parts of the transport agree on: socket addresses, and the two calls they are given."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Protocol, TypeAlias

# As `socket.recvfrom` gives it: two fields for IPv4, four for IPv6. The tuple itself is the key
# of every look-up, so it is never rebuilt or normalised on the way.
Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

# Non-blocking, as `socket.sendto` is: raises `BlockingIOError` when the socket buffer is full.
SendDatagram: TypeAlias = Callable[[bytes | memoryview, Address], object]


class DatagramPort(Protocol):
    """The sockets of the one port. A descriptor is None where the machine lacks the family."""

    @property
    def ipv4_descriptor(self) -> int | None: ...
    @property
    def ipv6_descriptor(self) -> int | None: ...

    def send(self, datagram: bytes | memoryview, address: Address) -> object:
        """Send one datagram as `socket.sendto` does; BlockingIOError if the buffer is full."""


class StartTask(Protocol):
    """Runs a coroutine under the server's `TaskSet`, the only place that starts tasks."""

    def __call__(self, coroutine: Coroutine[None, None, None], /, *, name: str) -> None: ...
