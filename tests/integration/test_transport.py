"""Peers that connect to a mux through a real loopback socket."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from liverelay.transport.counters import CloseReason
from tests.support.client import DEFAULT_PROFILES, MediaClient
from tests.support.identity import ecdsa_identity, rsa_identity
from tests.support.loopback import LoopbackServer, RecordingSink

if TYPE_CHECKING:
    from liverelay.transport.peer_transport import PeerTransport

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

ROLES = [("active", "passive"), ("passive", "active")]
RECEIVER_REPORT = struct.pack("!BBHI", 0x80, 201, 1, 7)


def rtp(sequence_number: int, payload: bytes = b"payload", ssrc: int = 1234) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence_number, 3000, ssrc) + payload


@pytest.mark.parametrize(("client_setup", "server_setup"), ROLES)
@pytest.mark.parametrize("profile", DEFAULT_PROFILES.split(b":"))
async def test_rtp_and_rtcp_go_both_ways(
    client_setup: str, server_setup: str, profile: bytes
) -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(setup=client_setup, profiles=profile), RecordingSink()
        fingerprints = [client.identity.fingerprint()]
        transport, remote = server.open(sink, fingerprints, setup=server_setup)

        client.connect(remote)
        await client.connected
        await sink.connected.wait()
        client.send_rtp(rtp(1))
        client.send_rtcp(RECEIVER_REPORT)
        transport.send_rtcp(RECEIVER_REPORT)
        await sink.wait_for(rtp=1, rtcp=1)
        await client.wait_for(rtcp=1)
        client.close()

        assert client.profile == profile
        assert sink.rtp == [rtp(1)]
        assert sink.rtcp == [RECEIVER_REPORT]
        assert client.rtcp == [RECEIVER_REPORT]


async def connect(
    server: LoopbackServer, client: MediaClient, setup: str = "passive"
) -> tuple[PeerTransport, RecordingSink]:
    sink = RecordingSink()
    transport, remote = server.open(sink, [client.identity.fingerprint()], setup=setup)
    client.connect(remote)
    await client.connected
    await sink.connected.wait()
    return transport, sink


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("AES128_CM_SHA1_80:AEAD_AES_256_GCM:AEAD_AES_128_GCM", "AEAD_AES_128_GCM"),
        ("AES128_CM_SHA1_80:AEAD_AES_256_GCM", "AEAD_AES_256_GCM"),
    ],
)
async def test_our_preferred_profile_is_chosen_whatever_the_peers_order(
    offered: str, chosen: str
) -> None:
    async with LoopbackServer() as server:
        profiles = ":".join(f"SRTP_{name}" for name in offered.split(":"))
        client = MediaClient(profiles=profiles.encode())

        await connect(server, client)
        client.close()

        assert client.profile.decode() == f"SRTP_{chosen}"


@pytest.mark.parametrize(("client_setup", "server_setup"), ROLES)
async def test_peer_with_an_rsa_certificate_connects(client_setup: str, server_setup: str) -> None:
    async with LoopbackServer() as server:
        client = MediaClient(setup=client_setup, identity=rsa_identity())

        await connect(server, client, server_setup)
        client.close()

        assert server.mux.counters.connected == 1


async def test_peer_connects_over_ipv6() -> None:
    async with LoopbackServer("::1") as server:
        client = MediaClient(ip="::1")

        _, sink = await connect(server, client)
        client.send_rtp(rtp(1))
        await sink.wait_for(rtp=1)
        client.close()


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512", "SHA-256"])
async def test_any_fingerprint_of_several_may_match(algorithm: str) -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(), RecordingSink()
        _, value = client.identity.fingerprint(algorithm.lower())
        other = ecdsa_identity("other").fingerprint()
        _, remote = server.open(sink, [("sha-1", "00"), other, (algorithm, value.lower())])

        client.connect(remote)
        await sink.connected.wait()
        client.close()


@pytest.mark.parametrize(("client_setup", "server_setup"), ROLES)
async def test_wrong_fingerprint_is_refused_with_a_reason(
    client_setup: str, server_setup: str
) -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(setup=client_setup), RecordingSink()
        other = ecdsa_identity("other").fingerprint()
        _, remote = server.open(sink, [other], setup=server_setup)

        client.connect(remote)
        await sink.closed.wait()
        await client.closed
        client.close()

        assert sink.reason is CloseReason.WRONG_FINGERPRINT
        assert "certificate" in sink.detail
        assert not sink.connected.is_set()
        assert server.mux.counters.closed[CloseReason.WRONG_FINGERPRINT] == 1
        assert len(server.mux) == 0


async def test_fingerprint_of_an_unknown_digest_is_refused() -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(), RecordingSink()
        _, remote = server.open(sink, [("sha-1", "AA:BB")])

        client.connect(remote)
        await sink.closed.wait()
        client.close()

        assert sink.reason is CloseReason.WRONG_FINGERPRINT
        assert "digest" in sink.detail


async def test_no_common_srtp_profile_is_refused_with_a_reason() -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(profiles=b"SRTP_AES128_CM_SHA1_32"), RecordingSink()
        _, remote = server.open(sink, [client.identity.fingerprint()])

        client.connect(remote)
        await sink.closed.wait()
        client.close()

        assert sink.reason is CloseReason.NO_SRTP_PROFILE


async def test_failed_handshake_says_what_openssl_says() -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(ciphers=b"ECDHE-RSA-AES128-GCM-SHA256"), RecordingSink()
        _, remote = server.open(sink, [client.identity.fingerprint()])

        client.connect(remote)
        with pytest.raises(ConnectionError, match="handshake failure"):
            await client.connected
        await sink.closed.wait()
        client.close()

        assert sink.reason is CloseReason.HANDSHAKE_FAILED
        assert sink.detail == "no shared cipher"


async def test_client_hello_that_overtakes_the_check_is_not_lost() -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(), RecordingSink()
        _, remote = server.open(sink, [client.identity.fingerprint()])

        client.say_hello(remote)  # the client sends it this once
        await server.received.wait()
        client.send_check()
        await sink.connected.wait()
        client.close()

        assert not any(server.mux.counters.dropped.values())


async def test_media_that_overtakes_the_keys_is_not_lost() -> None:
    async with LoopbackServer() as server:
        client = MediaClient(setup="passive")
        client.connected.add_done_callback(lambda _: client.send_rtp(rtp(1)))

        _, sink = await connect(server, client, "active")
        await sink.wait_for(rtp=1)
        client.close()

        assert sink.rtp == [rtp(1)]


async def test_close_notify_of_the_peer_ends_the_session() -> None:
    async with LoopbackServer() as server:
        client = MediaClient()
        _, sink = await connect(server, client)

        client.close()
        await sink.closed.wait()

        assert sink.reason is CloseReason.PEER
        assert len(server.mux) == 0


@pytest.mark.parametrize("ciphers", [b"ECDHE+AESGCM", b"ECDHE+CHACHA20"])
@pytest.mark.parametrize("is_closed_by_peer", [True, False])
async def test_session_goes_on_and_ends_as_before_without_openssl(
    monkeypatch: pytest.MonkeyPatch, ciphers: bytes, *, is_closed_by_peer: bool
) -> None:
    monkeypatch.setattr("liverelay.transport.peer_transport._RETIRE_AFTER", 0.01)
    async with LoopbackServer() as server:
        client = MediaClient(ciphers=ciphers)
        transport, sink = await connect(server, client)
        assert server.tasks == 1

        # Only what comes after the handshake shows that the peer has finished it.
        client.send_rtp(rtp(1))
        await server.drain()
        client.send_rtp(rtp(2))
        await sink.wait_for(rtp=2)
        released = server.mux.counters.releases
        if is_closed_by_peer:
            client.close()
            await sink.closed.wait()
        else:
            transport.close()
            await client.closed
            client.close()

        expected = CloseReason.PEER if is_closed_by_peer else CloseReason.LOCAL
        assert server.mux.counters.closed[expected] == 1
        assert (released, server.mux.counters.releases) == (1, 2)
        assert len(server.mux) == 0


async def test_close_tells_the_peer_and_not_the_owner() -> None:
    async with LoopbackServer() as server:
        client = MediaClient()
        transport, sink = await connect(server, client)

        transport.close()
        await client.closed
        await server.drain()
        client.close()

        assert not sink.closed.is_set()
        assert server.mux.counters.closed[CloseReason.LOCAL] == 1


async def test_close_during_the_handshake_leaves_nothing() -> None:
    async with LoopbackServer() as server:
        client, sink = MediaClient(setup="passive"), RecordingSink()
        transport, remote = server.open(sink, [client.identity.fingerprint()], setup="active")

        client.remote = remote
        client.send_check()
        await client.wait_for(checks_answered=1)
        transport.close()
        await server.drain()
        client.close()

        assert server.tasks == 0
        assert not sink.closed.is_set()


async def test_peer_that_moves_takes_its_session_along() -> None:
    async with LoopbackServer() as server:
        client = MediaClient()
        transport, sink = await connect(server, client)

        client.move("127.0.0.1")
        client.send_rtp(rtp(2))
        await sink.wait_for(rtp=1)
        transport.send_rtcp(RECEIVER_REPORT)
        await client.wait_for(rtcp=1)

        assert sink.rtp == [rtp(2)]
        assert transport.target.address == client.address
        client.close()


async def test_peer_that_has_not_nominated_yet_is_served() -> None:
    async with LoopbackServer() as server:
        client = MediaClient(nominates=False)

        transport, _ = await connect(server, client)
        transport.send_rtcp(RECEIVER_REPORT)
        await client.wait_for(rtcp=1)
        client.close()
