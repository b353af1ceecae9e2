"""Peers that connect to a mux through a real loopback socket."""

from __future__ import annotations

import struct

import pytest

from tests.support.client import DEFAULT_PROFILES, MediaClient
from tests.support.loopback import LoopbackServer, RecordingSink

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
        await client.wait_until(lambda: bool(client.rtcp))
        client.close()

        assert client.profile == profile
        assert sink.rtp == [rtp(1)]
        assert sink.rtcp == [RECEIVER_REPORT]
        assert client.rtcp == [RECEIVER_REPORT]
