"""Ports for programs that cannot pick one themselves and say which."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a TCP port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
