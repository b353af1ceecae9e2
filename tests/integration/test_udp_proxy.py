"""The network on loopback that browsers are tested through, between a client and an echo."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.network import Conditions
from tests.support.udp_proxy import running_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.network


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """The address of a server that returns what it is sent, until it is sent nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, client = server.recvfrom(2048)
                if not data:
                    return
                server.sendto(data, client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()
        server.sendto(b"", server.getsockname())
        thread.join()


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(5.0)
        yield opened


def test_proxy_relays_both_ways(echo: tuple[str, int], client: socket.socket) -> None:
    with running_proxy(echo) as proxy:
        client.sendto(b"hello", ("127.0.0.1", proxy.port))

        assert client.recv(2048) == b"hello"


def test_proxy_delays_each_way(echo: tuple[str, int], client: socket.socket) -> None:
    with running_proxy(echo) as proxy:
        proxy.set_conditions(Conditions(delay=0.05))
        begun = time.monotonic()

        client.sendto(b"hello", ("127.0.0.1", proxy.port))

        assert client.recv(2048) == b"hello"
        assert time.monotonic() - begun >= 0.1


def test_proxy_loses_what_its_path_loses(echo: tuple[str, int], client: socket.socket) -> None:
    with running_proxy(echo) as proxy:
        proxy.to_client.conditions = Conditions(loss=0.5, delay=0.0)
        for number in range(100):
            client.sendto(bytes((number,)), ("127.0.0.1", proxy.port))
        # None of this is lost, and nothing overtakes.
        while proxy.to_client.lost < 30:
            pass
        proxy.to_client.conditions = Conditions(delay=0.0)
        client.sendto(b"end", ("127.0.0.1", proxy.port))

        received = list(iter(lambda: client.recv(2048), b"end"))

    assert received == sorted(received)
    assert len(received) == 100 - proxy.to_client.lost


def test_client_that_is_cut_off_is_heard_again_from_another_port_only(
    echo: tuple[str, int], client: socket.socket
) -> None:
    with running_proxy(echo) as proxy, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.settimeout(5.0)
        address = ("127.0.0.1", proxy.port)
        client.sendto(b"before", address)
        assert client.recv(2048) == b"before"

        proxy.cut_off()
        while proxy._backs:
            pass
        client.sendto(b"lost", address)
        other.sendto(b"after", address)

        assert other.recv(2048) == b"after"
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(2048)
