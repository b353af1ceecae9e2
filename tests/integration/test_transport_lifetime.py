"""What is left of sessions that have ended: nothing."""

from __future__ import annotations

import asyncio
import gc

import pylibsrtp
import pytest
from aiortc import (
    RTCDtlsTransport,
    RTCSctpTransport,
)
from OpenSSL import SSL

from liverelay.transport.counters import CloseReason
from liverelay.transport.peer_transport import PeerTransport
from tests.support.client import MediaClient
from tests.support.loopback import LoopbackServer, RecordingSink

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

KINDS = (RTCDtlsTransport, RTCSctpTransport, SSL.Connection, pylibsrtp.Session, PeerTransport)


def living() -> int:
    gc.collect()
    return sum(isinstance(candidate, KINDS) for candidate in gc.get_objects())


async def join(server: LoopbackServer) -> tuple[MediaClient, PeerTransport, RecordingSink]:
    client, sink = MediaClient(), RecordingSink()
    fingerprint = client.identity.fingerprint()
    transport, remote = server.open(sink, [fingerprint], sctp_port=5000)
    client.connect(remote)
    await client.connected
    await sink.connected.wait()
    return client, transport, sink


@pytest.mark.slow
async def test_fifty_sessions_that_ended_leave_no_task_and_no_object() -> None:
    async with LoopbackServer() as server:
        before, tasks_before = living(), len(asyncio.all_tasks())

        for i in range(50):
            client, transport, sink = await join(server)
            if i % 2:
                transport.close()
            client.close()
            if not i % 2:
                await sink.closed.wait()
            await server.drain()
            del client, transport, sink

        assert server.mux.counters.closed[CloseReason.LOCAL] == 25
        assert server.mux.counters.closed[CloseReason.PEER] == 25
        assert len(asyncio.all_tasks()) == tasks_before
        assert living() == before


async def test_living_session_is_seen_by_the_count() -> None:
    async with LoopbackServer() as server:
        before = living()

        client, _, _ = await join(server)
        during = living()
        client.close()

        assert during >= before + 5


async def test_cancelling_the_tasks_closes_the_sessions() -> None:
    async with LoopbackServer() as server:
        client, _, _ = await join(server)

        await server.cancel_tasks()
        await client.closed
        client.close()

        assert server.tasks == 0
