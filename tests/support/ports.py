"""Ports for programs that cannot pick one themselves and say which, or that come back to theirs."""

from __future__ import annotations

import secrets
import socket

_LOOPBACK = "127.0.0.1"

# Below what systems give to sockets that ask for any port (Linux from 32768, others from 49152):
# what a program leaves for a moment is its own when it comes back, whatever starts meanwhile.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a port of loopback that was free a moment ago, for TCP and for UDP."""
    while True:
        port = secrets.choice(_PORTS)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with (
        socket.socket(type=socket.SOCK_STREAM) as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        try:
            tcp.bind((_LOOPBACK, port))
            udp.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
