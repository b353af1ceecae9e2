"""The UDP port that all media uses: its sockets, the reading of them, and one timer.

A burst is read until the sockets are empty, then settled once: that is what lets everything behind
collect packets and send them on in batches.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
from typing import TYPE_CHECKING, Protocol

from liverelay.errors import ListenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from liverelay.transport.types import Address

# After this many datagrams a burst is settled even if more wait, and the event loop does what else
# is due before the next one. Who is called says before that when it has enough to do.
_MAX_BURST = 64

_MAX_DATAGRAM_SIZE = 2048

EVERY_ADDRESS = "0.0.0.0", "::"

# An alarm that rings in vain costs more than one that is moved; but deadlines move a little with
# each burst, and to follow them each time would cost more than the few rings that come so early.
_TOO_EARLY = 0.01

# A keyframe to a few hundred viewers is some thousand packets at once.
BUFFER_SIZE = 8 * 1024 * 1024

# Linux only: exceed net.core.rmem_max and wmem_max where we may (socket(7)).
_FORCED_BUFFERS = {socket.SO_RCVBUF: 33, socket.SO_SNDBUF: 32}


class DatagramReader(Protocol):
    """Who takes what comes to a port."""

    def receive(self, datagram: bytes, address: Address, now: float) -> bool:
        """Take one datagram; return whether there may be more before `settle`."""

    def settle(self, now: float) -> None:
        """Called after each burst, with the event loop's time."""


class UdpPort:
    """IPv4 and, where the machine has it, IPv6 sockets on one port number."""

    def __init__(self, port: int, addresses: tuple[str, str] = EVERY_ADDRESS) -> None:
        """Bind the sockets, to an IPv4 and an IPv6 address; port 0 picks a free one.

        Raises:
            ListenError: The port cannot be bound.
        """
        try:
            self._ipv4, self._ipv6 = _bind_both(addresses, port)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ListenError(f"cannot use UDP port {port}: {reason}") from None
        self.port: int = self._ipv4.getsockname()[1]
        self.datagrams_received = 0
        self.octets_received = 0
        self.buffer_size = min(_buffer_size(self._ipv4, option) for option in _FORCED_BUFFERS)

    @property
    def ipv4_descriptor(self) -> int:
        return self._ipv4.fileno()

    @property
    def ipv6_descriptor(self) -> int | None:
        return None if self._ipv6 is None else self._ipv6.fileno()

    @property
    def has_ipv6(self) -> bool:
        return self._ipv6 is not None

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        """Send without blocking.

        Raises:
            BlockingIOError: The socket buffer is full.
            OSError: The kernel refuses the datagram.
        """
        if len(address) == 2:
            self._ipv4.sendto(datagram, address)
        elif self._ipv6 is not None:
            self._ipv6.sendto(datagram, address)

    def start(self, reader: DatagramReader) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._sockets():
            loop.add_reader(sock.fileno(), self._on_readable, sock, reader)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._sockets():
            loop.remove_reader(sock.fileno())
            sock.close()

    def _sockets(self) -> tuple[socket.socket, ...]:
        return (self._ipv4,) if self._ipv6 is None else (self._ipv4, self._ipv6)

    def _on_readable(self, sock: socket.socket, reader: DatagramReader) -> None:
        now = asyncio.get_running_loop().time()
        try:
            datagrams, octets = _read_burst(sock, reader, now)
            self.datagrams_received += datagrams
            self.octets_received += octets
        finally:
            # Whatever one datagram brought about, what came with the others is sent.
            reader.settle(now)


class Alarm:
    """One timer that rings when it has to, or a little before: then it is only asked again."""

    def __init__(self, on_alarm: Callable[[float], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_alarm = on_alarm
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: float | None) -> None:
        """Let the alarm ring at `deadline`, or up to 10 ms before; None leaves it as it is."""
        if deadline is None:
            return
        if self._timer is not None and deadline - _TOO_EARLY <= self._timer.when() <= deadline:
            return
        self.cancel()
        self._timer = self._loop.call_at(deadline, self._ring)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._on_alarm(self._loop.time())


def _read_burst(sock: socket.socket, reader: DatagramReader, now: float) -> tuple[int, int]:
    """Read until the socket is empty, or that is enough; return datagrams and bytes that came."""
    octets = 0
    for count in range(_MAX_BURST):
        try:
            datagram, address = sock.recvfrom(_MAX_DATAGRAM_SIZE)
        except BlockingIOError:
            return count, octets
        except OSError:
            # An ICMP error for something we sent: it says nothing about what is to be read.
            continue
        octets += len(datagram)
        if not reader.receive(datagram, address, now):
            return count + 1, octets
    return _MAX_BURST, octets


def _bind_both(addresses: tuple[str, str], port: int) -> tuple[socket.socket, socket.socket | None]:
    """Return sockets of both families on one port number."""
    ipv4 = _bind(socket.AF_INET, addresses[0], port)
    try:
        return ipv4, _bind_ipv6(addresses[1], ipv4.getsockname()[1])
    except OSError:
        ipv4.close()
        raise


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option, forced in _FORCED_BUFFERS.items():
            _set_buffer(sock, option, forced)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _bind_ipv6(host: str, port: int) -> socket.socket | None:
    """Return the IPv6 socket, or None where IPv6 is switched off."""
    try:
        return _bind(socket.AF_INET6, host, port)
    except OSError as error:
        if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            return None
        raise


def _set_buffer(sock: socket.socket, option: int, forced: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_SIZE)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER_SIZE)


def _buffer_size(sock: socket.socket, option: int) -> int:
    size = sock.getsockopt(socket.SOL_SOCKET, option)
    # Linux doubles what it is asked for, to pay for its own bookkeeping (socket(7)).
    return size // 2 if sys.platform == "linux" else size
