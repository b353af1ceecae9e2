"""A port on loopback for the egress, and receivers that open what it sends."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.rtp.types import Ssrc
from liverelay.transport.srtp import (
    GCM_TRAILER_SIZE,
    SHA1_80_TRAILER_SIZE,
    SrtpInbound,
    SrtpOutbound,
)
from tests.support.srtp import PROFILES, inbound_session, outbound_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.transport.targets import EgressTarget, TargetTable
    from liverelay.transport.types import Address


# Twice the usual default: 300 small packets at once fit.
RECEIVE_BUFFER_SIZE = 425_984


@dataclass(frozen=True, eq=False)
class Copy:
    """The least that a fan-out needs of one stream."""

    target: int
    ssrc: Ssrc = Ssrc(5678)
    sequence_offset: int = 65535
    timestamp_offset: int = 1000


class LoopbackPort:
    """Non-blocking sockets of both families, as the server's own port has."""

    def __init__(self) -> None:
        self.sockets = {
            family: socket.socket(family, socket.SOCK_DGRAM)
            for family in (socket.AF_INET, socket.AF_INET6)
        }
        for sock in self.sockets.values():
            sock.setblocking(False)
        self._receivers: list[Receiver] = []

    @property
    def ipv4_descriptor(self) -> int:
        return self.sockets[socket.AF_INET].fileno()

    @property
    def ipv6_descriptor(self) -> int:
        return self.sockets[socket.AF_INET6].fileno()

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        family = socket.AF_INET if len(address) == 2 else socket.AF_INET6
        self.sockets[family].sendto(datagram, address)

    def open_receiver(
        self,
        targets: TargetTable,
        host: str = "127.0.0.1",
        *,
        is_ready: bool = True,
        profile: int = PROFILES[0],
    ) -> Receiver:
        """Open a viewer, which is closed with the port at the latest."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_SIZE)
        sock.bind((host, 0))
        sock.setblocking(False)
        target = targets.open()
        target.address = sock.getsockname()
        if is_ready:
            trailer_size = SHA1_80_TRAILER_SIZE if profile == PROFILES[2] else GCM_TRAILER_SIZE
            target.outbound = SrtpOutbound(outbound_session(profile), trailer_size)
        receiver = Receiver(target, sock, SrtpInbound(inbound_session(profile)))
        self._receivers.append(receiver)
        return receiver

    def close(self) -> None:
        for sock in self.sockets.values():
            sock.close()
        for receiver in self._receivers:
            receiver.close()


@dataclass
class Receiver:
    """One viewer: its row in the table, its socket, its keys."""

    target: EgressTarget
    socket: socket.socket
    inbound: SrtpInbound

    def take(self) -> list[bytes]:
        """Return the plain packets that have come, in order."""
        packets = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packets.append(self.inbound.unprotect_rtp(self.socket.recv(4096)))
        return packets

    def close(self) -> None:
        self.socket.close()
        self.target.release()


@contextlib.contextmanager
def loopback_port() -> Iterator[LoopbackPort]:
    port = LoopbackPort()
    yield port
    port.close()
