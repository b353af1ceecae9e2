from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from liverelay.errors import ListenError
from liverelay.server.udp import Alarm, UdpPort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.transport.types import Address

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@contextmanager
def udp_port() -> Iterator[UdpPort]:
    port = UdpPort(0)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def peer(family: socket.AddressFamily, ip: str) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.bind((ip, 0))
        yield udp


def open_sockets() -> int:
    gc.collect()
    return sum(isinstance(each, socket.socket) and each.fileno() >= 0 for each in gc.get_objects())


class Reader:
    """Notes what came, and what was settled together."""

    def __init__(self, enough: int = 1000) -> None:
        self._enough = enough
        self.received: list[tuple[bytes, Address]] = []
        self.settled: list[int] = []
        self._settled = asyncio.Event()

    def receive(self, datagram: bytes, address: Address, now: float) -> bool:
        self.received.append((datagram, address))
        return len(self.received) % self._enough != 0

    def settle(self, now: float) -> None:
        self.settled.append(len(self.received))
        self._settled.set()

    async def wait_for(self, count: int) -> None:
        while len(self.received) < count:
            self._settled.clear()
            await self._settled.wait()


@pytest.mark.parametrize(
    ("family", "ip"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
async def test_port_takes_and_sends_datagrams_of_both_families(
    family: socket.AddressFamily, ip: str
) -> None:
    reader = Reader()
    with udp_port() as port, peer(family, ip) as other:
        port.start(reader)

        other.sendto(b"ping", (ip, port.port))
        await reader.wait_for(1)
        port.send(b"pong", reader.received[0][1])

        assert other.recv(100) == b"pong"
        assert reader.received[0][0] == b"ping"
        assert port.has_ipv6


async def test_answer_leaves_from_the_address_that_is_bound() -> None:
    reader, port = Reader(), UdpPort(0, ("127.0.0.2", "::1"))
    try:
        with peer(socket.AF_INET, "127.0.0.1") as other:
            port.start(reader)
            other.sendto(b"ping", ("127.0.0.2", port.port))
            await reader.wait_for(1)
            port.send(b"pong", reader.received[0][1])

            assert other.recvfrom(100) == (b"pong", ("127.0.0.2", port.port))
    finally:
        port.close()


async def test_what_came_with_a_datagram_that_fails_is_settled() -> None:
    class Failing(Reader):
        @override
        def receive(self, datagram: bytes, address: Address, now: float) -> bool:
            super().receive(datagram, address, now)
            if datagram == b"bad":
                raise ZeroDivisionError
            return True

    reader, failures = Failing(), []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    with udp_port() as port, peer(socket.AF_INET, "127.0.0.1") as other:
        for datagram in (b"good", b"bad"):
            other.sendto(datagram, ("127.0.0.1", port.port))
        port.start(reader)
        await reader.wait_for(2)

    assert reader.settled == [2]
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


async def test_nothing_stays_open_where_the_port_is_taken_on_ipv6_alone() -> None:
    before = open_sockets()
    with peer(socket.AF_INET6, "::1") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError):
            UdpPort(port, ("127.0.0.1", "::1"))

    assert open_sockets() == before


async def test_port_that_is_taken_is_refused_in_a_sentence() -> None:
    with udp_port() as port, pytest.raises(ListenError, match=f"UDP port {port.port}: Address"):
        UdpPort(port.port)


async def test_port_that_is_taken_for_ipv6_alone_is_refused_and_leaves_nothing() -> None:
    with peer(socket.AF_INET6, "::") as holder:
        number = holder.getsockname()[1]

        with pytest.raises(ListenError):
            UdpPort(number)

        with peer(socket.AF_INET, "127.0.0.1") as other:
            assert other.connect_ex(("127.0.0.1", number)) == 0


async def test_burst_is_settled_once() -> None:
    reader = Reader()
    with udp_port() as port, peer(socket.AF_INET, "127.0.0.1") as other:
        for _ in range(5):
            other.sendto(b"x", ("127.0.0.1", port.port))

        port.start(reader)
        await reader.wait_for(5)

        assert reader.settled == [5]


async def test_what_came_is_counted() -> None:
    reader = Reader()
    with udp_port() as port, peer(socket.AF_INET, "127.0.0.1") as other:
        for size in range(20):
            other.sendto(bytes(size), ("127.0.0.1", port.port))

        port.start(reader)
        await reader.wait_for(20)

        assert (port.datagrams_received, port.octets_received) == (20, sum(range(20)))


async def test_flood_is_settled_in_pieces() -> None:
    reader = Reader()
    with udp_port() as port, peer(socket.AF_INET, "127.0.0.1") as other:
        for _ in range(100):
            other.sendto(b"x", ("127.0.0.1", port.port))

        port.start(reader)
        await reader.wait_for(100)

        assert reader.settled == [64, 100]


async def test_reader_that_has_enough_settles_first() -> None:
    reader = Reader(enough=3)
    with udp_port() as port, peer(socket.AF_INET, "127.0.0.1") as other:
        for _ in range(7):
            other.sendto(b"x", ("127.0.0.1", port.port))

        port.start(reader)
        await reader.wait_for(7)

        assert reader.settled == [3, 6, 7]


async def test_closed_port_can_be_bound_again() -> None:
    with udp_port() as port:
        number = port.port

    again = UdpPort(number)
    again.close()

    assert again.port == number


class Rings:
    """Notes when the alarm rang."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.rang = asyncio.Event()

    def ring(self, now: float) -> None:
        self.times.append(now)
        self.rang.set()


async def test_alarm_rings_at_the_earliest_deadline_only() -> None:
    rings, now = Rings(), asyncio.get_running_loop().time()
    alarm = Alarm(rings.ring)

    for deadline in (now + 3600, now + 0.001, now + 0.002, None):
        alarm.set(deadline)
    await rings.rang.wait()

    assert len(rings.times) == 1
    assert rings.times[0] >= now + 0.001
    alarm.cancel()


async def test_alarm_is_moved_to_a_later_deadline_but_not_by_little() -> None:
    rings, witness, now = Rings(), Rings(), asyncio.get_running_loop().time()
    alarm, little, other = Alarm(rings.ring), Alarm(rings.ring), Alarm(witness.ring)

    for deadline in (now + 0.002, now + 3600):
        alarm.set(deadline)
    other.set(now + 0.003)
    await witness.rang.wait()
    assert rings.times == []

    for deadline in (now, now + 0.009):
        little.set(deadline)
    await rings.rang.wait()
    assert rings.times[0] < now + 0.009
    alarm.cancel()


async def test_alarm_rings_again_when_set_again() -> None:
    rings, now = Rings(), asyncio.get_running_loop().time()
    alarm = Alarm(rings.ring)

    for count in (1, 2):
        rings.rang.clear()
        alarm.set(now)
        await rings.rang.wait()
        assert len(rings.times) == count


async def test_cancelled_alarm_does_not_ring() -> None:
    rings, witness, now = Rings(), Rings(), asyncio.get_running_loop().time()
    alarm, later = Alarm(rings.ring), Alarm(witness.ring)

    alarm.set(now)
    alarm.cancel()
    alarm.cancel()
    later.set(now + 0.001)
    await witness.rang.wait()

    assert rings.times == []
