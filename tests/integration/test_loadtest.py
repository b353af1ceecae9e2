"""The clients of the load test: what they do when a server asks, refuses, or is none."""

from __future__ import annotations

import gc
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web

from liverelay.errors import RefusedError, UnreachableError
from liverelay.loadtest.api import ServerApi
from liverelay.loadtest.publisher import Publisher
from liverelay.loadtest.result import Thresholds
from liverelay.loadtest.run import LoadTest, Plan
from liverelay.loadtest.source import VIDEO_PAYLOAD_TYPE, MediaSource, VideoShape
from liverelay.loadtest.viewer import Viewer
from liverelay.rtp.packet import parse_header
from liverelay.rtp.rtcp.feedback import GenericNack, PictureLossIndication
from liverelay.transport.client import MediaClient, RemoteEndpoint
from liverelay.transport.client_dtls import ClientCertificate
from liverelay.transport.counters import DropReason
from tests.support.client import MediaClient as RecordingClient
from tests.support.identity import ecdsa_identity
from tests.support.loopback import LoopbackServer, RecordingSink
from tests.support.packets import SENDER
from tests.support.server import KEY, running_api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from liverelay.transport.peer_transport import PeerTransport

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


# Nobody listens there.
NOBODY = (("127.0.0.1", 9), ("::1", 9))

# For documentation (RFC 5737, RFC 3849): a socket bound to loopback has no way there.
UNREACHABLE = (("203.0.113.7", 9), ("2001:db8::7", 9))


@asynccontextmanager
async def answering(
    status: int, text: str, on_request: Callable[[str], int | None] = lambda _: None
) -> AsyncIterator[ServerApi]:
    """Run a server that answers everything in the same way.

    `on_request` hears of each as "DELETE /v1/rooms/room", and may return another status.
    """

    async def answer(request: web.BaseRequest) -> web.Response:
        other = on_request(f"{request.method} {request.path}")
        return web.Response(status=other or status, text=text)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession() as http:
            yield ServerApi(http, f"http://127.0.0.1:{runner.addresses[0][1]}/", KEY)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text"), [(200, "<html>"), (404, "not found"), (200, "[]"), (500, '{"detail": 1}')]
)
async def test_a_server_of_another_kind_is_told_from_ours(status: int, text: str) -> None:
    async with answering(status, text) as api:
        with pytest.raises(UnreachableError, match="does not answer like a LiveRelay server"):
            await api.create_room()


async def test_a_code_that_is_unknown_here_is_passed_on() -> None:
    async with answering(400, '{"error": "too_new", "message": "Later"}') as api:
        with pytest.raises(UnreachableError, match="too_new: Later"):
            await api.create_room()


async def test_a_name_that_does_not_exist_is_said_to() -> None:
    async with ClientSession() as http:
        with pytest.raises(UnreachableError, match="its name cannot be resolved"):
            await ServerApi(http, "http://nowhere.invalid", KEY).create_room()


def answer_of(remote: RemoteEndpoint) -> str:
    """Return the least that is an answer of a lite server."""
    host, port = remote.addresses[0][:2]
    lines = ["v=0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=setup:passive"]
    lines += [f"a=ice-ufrag:{remote.ufrag}", f"a=ice-pwd:{remote.pwd}"]
    lines += [f"a=candidate:1 1 udp 1 {host} {port} typ host"]
    return "\r\n".join(lines)


async def publish(server: LoopbackServer) -> tuple[Publisher, PeerTransport, RecordingSink]:
    """Connect a publisher whose first packet has come."""
    source = MediaSource(VideoShape())
    publisher = Publisher(ClientCertificate(ecdsa_identity()), source, ip="127.0.0.1")
    sink = RecordingSink()
    transport, remote = server.open(sink, [publisher.identity.fingerprint()])

    async def ask(_: str) -> str:
        return answer_of(remote)

    await publisher.publish(ask)
    await sink.wait_for(rtp=1)
    return publisher, transport, sink


async def test_a_publisher_sends_again_what_is_asked_for_and_keyframes() -> None:
    async with LoopbackServer() as server:
        publisher, transport, sink = await publish(server)
        video_ssrc = publisher.source.video_ssrc
        first = next(packet for packet in sink.rtp if packet[1] & 0x7F == VIDEO_PAYLOAD_TYPE)
        number = parse_header(first).sequence_number
        transport.send_rtcp(b"\x80\xc9\xff\xff\0\0\0\1")  # shorter than it says
        transport.send_rtcp(PictureLossIndication(SENDER, video_ssrc).serialize())
        transport.send_rtcp(GenericNack(SENDER, video_ssrc, (number,)).serialize())
        # To the server a packet that it has already is a replay.
        await server.wait_until_dropped(DropReason.SRTP_REPLAYED)
        assert publisher.keyframe_requests == 1
        publisher.close()


async def test_a_publisher_sends_nothing_more_when_the_server_has_said_goodbye() -> None:
    async with LoopbackServer() as server:
        ended, transport, _ = await publish(server)
        transport.close()
        await ended.closed
        sent = ended.source.packets

        other, _, sink = await publish(server)
        await sink.wait_for(rtp=20)
        other.close()
        ended.close()

        assert ended.source.packets == sent


async def test_a_server_with_another_certificate_than_its_answer_says_is_not_trusted() -> None:
    async with LoopbackServer() as server:
        client = MediaClient(ClientCertificate(ecdsa_identity()), ip="127.0.0.1")
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])
        wrong = ecdsa_identity("somebody else").fingerprint()

        client.connect(RemoteEndpoint(remote.addresses, remote.ufrag, remote.pwd, (wrong,)))
        with pytest.raises(ConnectionError, match="not the certificate of the answer"):
            await client.connected
        client.close()


async def test_garbage_from_the_network_does_a_client_no_harm() -> None:
    async with LoopbackServer() as server:
        client = MediaClient(ClientCertificate(ecdsa_identity()), ip="127.0.0.1")
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])
        client.connect(remote)
        await client.connected

        for datagram in (b"", b"\0", b"\0\1" + bytes(30), b"\x16" * 40, b"\x80\x60" + bytes(40)):
            client.receive(datagram, server.address)

        assert client.is_connected
        assert client.open_rtp(b"\x80\x60" + bytes(40)) is None
        assert client.open_rtcp(b"\x80\xc9" + bytes(40)) is None
        client.close()


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_a_client_reaches_a_server_of_either_family(ip: str) -> None:
    async with LoopbackServer(ip) as server:
        client = MediaClient(ClientCertificate(ecdsa_identity()))
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])

        client.connect(RemoteEndpoint((*NOBODY, *remote.addresses), remote.ufrag, remote.pwd))
        await client.connected
        client.close()


async def test_a_client_without_ipv6_reaches_a_server_that_has_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liverelay.transport.client._ANY_IP", "2001:db8::7")  # cannot be bound to
    async with LoopbackServer() as server:
        client = MediaClient(ClientCertificate(ecdsa_identity()))
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])

        client.connect(RemoteEndpoint((*remote.addresses, ("::1", 9)), remote.ufrag, remote.pwd))
        await client.connected
        client.close()


async def test_an_address_that_cannot_be_sent_to_is_said_at_once() -> None:
    client = MediaClient(ClientCertificate(ecdsa_identity()), ip="127.0.0.1")

    client.connect(RemoteEndpoint(UNREACHABLE, "ufrag", "pwd"))
    with pytest.raises(ConnectionError, match=r"cannot send to 203\.0\.113\.7:9, ") as caught:
        await client.connected
    client.close()

    assert "[2001:db8::7]:9" in str(caught.value)


@pytest.fixture
def quick_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liverelay.transport.client._CONSENT_INTERVAL", 0.01)
    monkeypatch.setattr("liverelay.transport.client._CONSENT_TIMEOUT", 0.5)


@pytest.mark.usefixtures("quick_consent")
async def test_a_client_whose_checks_are_answered_no_more_is_not_connected() -> None:
    async with LoopbackServer() as server:
        client = MediaClient(ClientCertificate(ecdsa_identity()), ip="127.0.0.1")
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])
        client.connect(remote)
        await client.connected

        server.fall_silent()
        await client.closed

        assert not client.is_connected
        client.close()


@pytest.mark.usefixtures("quick_consent")
async def test_a_client_whose_checks_are_answered_stays_connected() -> None:
    async with LoopbackServer() as server:
        client = RecordingClient()
        _, remote = server.open(RecordingSink(), [client.identity.fingerprint()])
        client.connect(remote)

        await client.wait_for(checks_answered=60)

        assert client.is_connected
        client.close()


def plan_of(publishers: int, viewers: int, duration: float = 0.5) -> Plan:
    return Plan(None, publishers, viewers, duration, 0.0, VideoShape.of_bitrate(100_000))


# What a server says to all requests of a load test whose packets then go nowhere.
SILENT = json.dumps(
    {
        "id": "room",
        "token": "token",
        "sdp": answer_of(RemoteEndpoint(NOBODY[:1], "ufrag", "pwd")),
    }
)


async def test_a_server_that_is_silent_over_udp_is_named_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liverelay.loadtest.publisher.CONNECT_TIMEOUT", 0.1)
    async with answering(200, SILENT) as api:
        test = LoadTest(api, plan_of(1, 1))

        with pytest.raises(UnreachableError, match=r"no answer over UDP from 127\.0\.0\.1:9 in"):
            await test.run()


async def test_viewers_that_a_server_is_silent_to_are_counted_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liverelay.loadtest.viewer.CONNECT_TIMEOUT", 0.1)
    async with answering(200, SILENT) as api:
        plan = replace(plan_of(0, 2), room_id="room")

        result = await LoadTest(api, plan).run()

    assert result is not None
    assert result.failures == {"no UDP answer from 127.0.0.1:9": 2}
    assert (result.connected, result.stalled) == (0, 0)
    assert Thresholds().missed(result) == ["no viewer got media at the end"]


async def test_rooms_that_cannot_be_deleted_are_named_and_keep_no_other_from_being(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liverelay.loadtest.publisher.CONNECT_TIMEOUT", 0.1)
    requests: list[str] = []

    def on_request(request: str) -> int | None:
        requests.append(request)
        return 500 if request.startswith("DELETE") and requests.count(request) == 2 else None

    async with answering(200, SILENT, on_request) as api:
        test = LoadTest(api, plan_of(3, 1))
        with pytest.raises(UnreachableError):
            await test.run()

    assert requests.count("DELETE /v1/rooms/room") == 3
    assert test.rooms_left == ["room"]


async def test_a_test_that_is_stopped_before_anybody_watches_has_no_result_and_no_rooms() -> None:
    requests: list[str] = []

    def on_request(request: str) -> None:
        requests.append(request)
        if request == "POST /sfu/publish":
            test.stop()

    async with answering(200, SILENT, on_request) as api:
        test = LoadTest(api, plan_of(1, 1))

        assert await test.run() is None
        test.stop()  # too late, and harmless

    assert requests[-1] == "DELETE /v1/rooms/room"
    assert test.rooms_left == []


async def test_a_test_that_is_stopped_meanwhile_has_the_result_until_then(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        test = LoadTest(
            ServerApi(api.http, api.url, KEY),
            plan_of(1, 2, duration=3600),
            lambda now: test.stop() if now.connected == 2 else None,
        )

        result = await test.run()
        rooms = await api.request("GET", "/v1/rooms")

    assert result is not None
    assert result.is_interrupted
    assert (result.connected, result.watching) == (2, 2)
    assert result.seconds < 60
    assert rooms.json == []


def open_viewers() -> int:
    viewers = [each for each in gc.get_objects() if isinstance(each, Viewer)]
    return sum(viewer.is_open for viewer in viewers)


async def test_viewers_that_are_refused_are_closed_at_once(tmp_path: Path) -> None:
    seen: list[int] = []
    async with running_api(tmp_path, max_sessions=3) as api:
        calls = ServerApi(api.http, api.url, KEY)

        await LoadTest(calls, plan_of(1, 8, 1.2), lambda _: seen.append(open_viewers())).run()

    assert seen[-1] == 2


async def test_a_full_server_is_counted_by_its_code_and_a_publisher_without_place_ends_the_test(
    tmp_path: Path,
) -> None:
    async with running_api(tmp_path, max_sessions=2) as api:
        calls = ServerApi(api.http, api.url, KEY)

        result = await LoadTest(calls, plan_of(1, 3)).run()
        with pytest.raises(RefusedError):
            await LoadTest(calls, plan_of(3, 1)).run()
        rooms = await api.request("GET", "/v1/rooms")

    assert result is not None
    assert result.connected == 1
    assert result.failures == {"unavailable": 2}
    assert rooms.json == []
