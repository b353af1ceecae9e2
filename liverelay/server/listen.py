"""The sockets of the HTTP server, bound before anything is served on them."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from liverelay.errors import ConfigError, ListenError

if TYPE_CHECKING:
    from liverelay.config import Settings

_BACKLOG = 1024

# Who listens at every address is reached at these.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def bind_http(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of `host`, all on one port; 0 picks a free one.

    Raises:
        ListenError: One of them cannot be bound.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, (address, chosen, *_) in dict.fromkeys(found):
            chosen = port_of(sockets[0]) if sockets else chosen
            sockets.append(
                socket.create_server((str(address), int(chosen)), family=family, backlog=_BACKLOG)
            )
    except OSError as error:
        for sock in sockets:
            sock.close()
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ListenError(f"cannot listen on {host} port {port}: {reason}") from None
    return sockets


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def load_tls(settings: Settings) -> ssl.SSLContext | None:
    """Return what HTTPS is served with, or None for plain HTTP.

    Raises:
        ConfigError: Certificate or key is missing or cannot be used.
    """
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise ConfigError("TLS needs both --tls-cert and --tls-key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal, for ever.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except OSError as error:  # ssl.SSLError is one
        files = f"{settings.tls_cert} and {settings.tls_key}"
        raise ConfigError(f"cannot use {files} for TLS: {error}") from None
    return context


def local_url(sock: socket.socket, *, is_tls: bool) -> str:
    """Return an address under which the server is reached from its own machine."""
    host = sock.getsockname()[0]
    return describe_url(sock, _LOOPBACK.get(host, host), is_tls=is_tls)


def describe_url(sock: socket.socket, host: str, *, is_tls: bool) -> str:
    """Return the address that the server announces."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if is_tls else 'http'}://{shown}:{port_of(sock)}"
