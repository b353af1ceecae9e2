"""aiortc's own client, as a peer that was not written by us."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
    RTCSctpCapabilities,
    RTCSctpTransport,
)

from tests.support.loopback import LoopbackServer, RecordingSink

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


async def test_aiortc_connects_and_opens_a_data_channel() -> None:
    certificate = RTCCertificate.generateCertificate()
    fingerprints = [(f.algorithm, f.value) for f in certificate.getFingerprints()]
    async with LoopbackServer() as server:
        sink, opened = RecordingSink(), asyncio.Event()
        _, remote = server.open(sink, fingerprints, sctp_port=5000)
        host, port = remote.addresses[0][:2]
        gatherer = RTCIceGatherer(iceServers=[])
        ice = RTCIceTransport(gatherer)
        dtls = RTCDtlsTransport(ice, [certificate])
        sctp = RTCSctpTransport(dtls)

        await gatherer.gather()
        await ice.addRemoteCandidate(RTCIceCandidate(1, "1", host, port, 2130706431, "udp", "host"))
        await ice.start(RTCIceParameters(remote.ufrag, remote.pwd, iceLite=True))
        dtls._set_role("client")
        await dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(*server.certificate.fingerprint)]))
        await sctp.start(RTCSctpCapabilities(maxMessageSize=65536), 5000)
        channel = RTCDataChannel(sctp, RTCDataChannelParameters(label="chat"))
        channel.on("open", opened.set)
        await opened.wait()
        channel.send("hello")
        await sctp.stop()
        await dtls.stop()
        await sink.closed.wait()
        await ice.stop()

        assert sink.connected.is_set()
