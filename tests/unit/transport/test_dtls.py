from __future__ import annotations

import asyncio
import inspect
import itertools
from typing import TYPE_CHECKING

import pytest
from aiortc import RTCCertificate, RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcdtlstransport import State

from liverelay.transport.close_notify import RetiredSession
from liverelay.transport.counters import CloseReason
from liverelay.transport.dtls import DtlsFailure, DtlsSession, ServerCertificate
from liverelay.transport.srtp import SrtpSealer
from liverelay.transport.turnstile import AT_ONCE, Turnstile

if TYPE_CHECKING:
    from liverelay.transport.srtp import SrtpInbound, SrtpOutbound

ALICE, BOB = ServerCertificate(), ServerCertificate()


class End:
    """One end of a handshake in memory; drops its first `losses` datagrams."""

    def __init__(self, losses: int = 0) -> None:
        self.sent: list[bytes] = []
        self.other: DtlsSession | RetiredSession
        self.connected: asyncio.Future[tuple[SrtpInbound, SrtpOutbound]]
        self.connected = asyncio.get_running_loop().create_future()
        self.outcome: asyncio.Future[DtlsFailure | None]
        self.outcome = asyncio.get_running_loop().create_future()
        self.first_sent = asyncio.Event()
        self._losses = losses

    def send_dtls(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        self.first_sent.set()
        if len(self.sent) > self._losses:
            self.other.receive(datagram)

    def on_dtls_connected(self, inbound: SrtpInbound, outbound: SrtpOutbound, now: float) -> None:
        assert now <= asyncio.get_running_loop().time()
        self.connected.set_result((inbound, outbound))

    def on_dtls_failed(self, failure: DtlsFailure) -> None:
        self.outcome.set_result(failure)

    def on_dtls_closed(self) -> None:
        self.outcome.set_result(None)


def pair(
    client_end: End, server_end: End, turnstile: Turnstile | None = None
) -> tuple[DtlsSession, DtlsSession]:
    client = DtlsSession(
        ALICE,
        setup="active",
        fingerprints=[BOB.fingerprint],
        sctp_port=None,
        listener=client_end,
        turnstile=turnstile or Turnstile(),
    )
    server = DtlsSession(
        BOB,
        setup="passive",
        fingerprints=[ALICE.fingerprint],
        sctp_port=None,
        listener=server_end,
        turnstile=turnstile or Turnstile(),
    )
    client_end.other, server_end.other = server, client
    return client, server


@pytest.mark.asyncio
async def test_both_ends_derive_the_same_keys() -> None:
    client_end, server_end = End(), End()
    client, server = pair(client_end, server_end)
    packet = b"\x80\x60\0\1" + bytes(8) + b"payload"

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        tasks.create_task(server.run())
        inbound, _ = await server_end.connected
        _, outbound = await client_end.connected
        sealer = SrtpSealer()
        sealer.view[: len(packet)] = packet
        opened = inbound.unprotect_rtp(bytes(sealer.seal_rtp(outbound, len(packet))))
        client.close()

    assert opened == packet
    assert server_end.outcome.result() is None  # by the close-notify alone


@pytest.mark.asyncio
async def test_flights_of_many_handshakes_are_worked_on_one_after_another() -> None:
    loop, turnstile = asyncio.get_running_loop(), Turnstile()
    pairs = [(End(), End()) for _ in range(20)]
    sessions = [session for ends in pairs for session in pair(*ends, turnstile)]
    ends = [end for ends in pairs for end in ends]
    sent = [[0] * len(ends)]

    def count() -> None:
        sent.append([len(end.sent) for end in ends])
        if not all(end.connected.done() for end in ends):
            loop.call_soon(count)

    loop.call_soon(count)
    async with asyncio.TaskGroup() as tasks:
        for session in sessions:
            tasks.create_task(session.run())
        for end in ends:
            await end.connected
        for session in sessions:
            session.close()

    who_sent = [
        sum(now > before for before, now in zip(*turns, strict=True))
        for turns in itertools.pairwise(sent)
    ]
    assert max(who_sent) <= AT_ONCE
    assert sum(who_sent) >= 2 * len(ends)


@pytest.mark.asyncio
async def test_lost_first_flight_is_repeated_until_something_comes() -> None:
    client_end, server_end = End(losses=1), End()
    client, server = pair(client_end, server_end)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        tasks.create_task(server.run())
        await client_end.first_sent.wait()
        was_useful = client.repeat_first_flight()
        await client_end.connected
        is_useful = client.repeat_first_flight()
        client.close()

    assert was_useful
    assert not is_useful
    assert client_end.sent[0] == client_end.sent[1]


@pytest.mark.asyncio
async def test_server_has_no_first_flight() -> None:
    client_end, server_end = End(), End()
    _, server = pair(client_end, server_end)

    assert not server.repeat_first_flight()
    assert not server_end.sent


@pytest.mark.asyncio
async def test_close_during_the_handshake_ends_the_run() -> None:
    client_end, server_end = End(losses=100), End()
    client, _ = pair(client_end, server_end)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await client_end.first_sent.wait()
        client.close()

    failure = client_end.outcome.result()
    assert failure is not None
    assert failure.reason is CloseReason.LOCAL


@pytest.mark.asyncio
async def test_nothing_is_taken_after_close() -> None:
    client_end, server_end = End(), End()
    client, _ = pair(client_end, server_end)

    client.close()

    assert not client.receive(b"\x16")


@pytest.mark.asyncio
async def test_peer_that_closes_during_the_handshake_is_named() -> None:
    client_end, server_end = End(), End()
    _, server = pair(client_end, server_end)
    server.receive(b"\x15\xfe\xfd" + bytes(8) + b"\0\2\1\0")  # a close-notify in the clear

    await server.run()

    failure = server_end.outcome.result()
    assert failure is not None
    assert failure.reason is CloseReason.HANDSHAKE_FAILED
    assert "closed" in failure.detail


def test_fingerprint_is_a_sha_256_digest_and_stays_the_same() -> None:
    algorithm, value = ALICE.fingerprint

    assert algorithm == "sha-256"
    assert len(value.split(":")) == 32
    assert ALICE.fingerprint != BOB.fingerprint


def test_private_names_of_aiortc_are_where_we_expect_them() -> None:
    transport = RTCDtlsTransport(object(), [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    sctp = RTCSctpTransport.__init__

    for name in ("_srtp_profiles", "_rx_srtp", "_tx_srtp", "_ssl", "_task", "_state", "_role"):
        assert name in vars(transport), name
    for name in (
        "_do_handshake",
        "_validate_peer_identity",
        "_setup_srtp",
        "_write_ssl",
        "_set_state",
        "_register_data_receiver",
        "_send_data",
    ):
        assert callable(getattr(transport, name)), name
    assert {"NEW", "CONNECTING", "CONNECTED", "CLOSED", "FAILED"} == set(State.__members__)
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == [
        "self",
        "srtp_profiles",
    ]
    for name in (
        "_inbound_streams",
        "_inbound_streams_max",
        "_sack_misordered",
        "_outbound_queue",
        "_outbound_stream_seq",
        "_data_channel_queue",
        "_data_channels",
        "_advertised_rwnd",
    ):
        assert name in sctp.__code__.co_names, name
    assert inspect.iscoroutinefunction(RTCSctpTransport._handle_data)


async def established(
    client_end: End, server_end: End
) -> tuple[DtlsSession, DtlsSession, asyncio.Task[None], asyncio.Task[None]]:
    client, server = pair(client_end, server_end)
    runs = asyncio.create_task(client.run()), asyncio.create_task(server.run())
    await client_end.connected
    await server_end.connected
    return client, server, *runs


@pytest.mark.asyncio
@pytest.mark.parametrize("retiring", ["client", "server", "both"])
@pytest.mark.parametrize("closing", ["client", "server"])
async def test_close_notify_goes_both_ways_when_openssl_has_been_let_go(
    retiring: str, closing: str
) -> None:
    ends = {"client": End(), "server": End()}
    client, server, *runs = await established(ends["client"], ends["server"])
    sessions: dict[str, DtlsSession | RetiredSession] = {"client": client, "server": server}
    others = {"client": "server", "server": "client"}
    for (name, other), run in zip(others.items(), runs, strict=True):
        if retiring in (name, "both"):
            sessions[name] = ends[other].other = sessions[name].retire()
            await run
            assert isinstance(sessions[name], RetiredSession)
            assert not ends[name].outcome.done()

    sessions[closing].close()

    assert await ends[others[closing]].outcome is None
    await asyncio.gather(*runs)


@pytest.mark.asyncio
async def test_retired_session_is_not_ended_by_what_is_not_its_peers() -> None:
    client_end, server_end = End(), End()
    client, server, *runs = await established(client_end, server_end)
    client_end.other = server.retire()
    client.close()
    await runs[0]
    goodbye = client_end.sent[-1]
    strangers = [
        b"",
        b"\x15",
        goodbye[:-1],
        goodbye[:-1] + bytes([goodbye[-1] ^ 1]),
        *client_end.sent[:-1],
    ]
    other_end = End()
    _, other, *other_runs = await established(End(), other_end)
    retired = other.retire()

    for datagram in [*strangers, goodbye]:
        assert retired.receive(datagram)

    assert not other_end.outcome.done()
    assert await server_end.outcome is None
    other_runs[0].cancel()
    await asyncio.gather(runs[1], *other_runs, return_exceptions=True)


@pytest.mark.asyncio
async def test_session_with_a_data_channel_keeps_openssl() -> None:
    client_end, server_end = End(), End()
    client, server = pair(client_end, server_end)
    server._sctp_port = 5000
    runs = asyncio.create_task(client.run()), asyncio.create_task(server.run())
    await server_end.connected

    assert server.retire() is server

    assert server._transport.state == "connected"
    client.close()
    await asyncio.gather(*runs)
    assert await server_end.outcome is None
