"""Who may join a room, and what is said to those who may not, through a whole server."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.media_server import KEY, MediaServer, serving
from tests.support.peer import write_offer
from tests.support.sdp import offer_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def test_answer_names_the_session_in_body_and_location(server: MediaServer) -> None:
    room = await server.create_room()

    reply = await server.offer("publish", room["tokens"]["publish"])

    assert reply.status == 200
    assert set(reply.body) == {"sdp", "type", "session_id"}
    assert reply.body["type"] == "answer"
    assert reply.headers["Location"] == f"/sfu/sessions/{reply.body['session_id']}"
    assert uuid.UUID(reply.body["session_id"]).version == 4


async def test_same_peer_takes_over_from_its_older_session(server: MediaServer) -> None:
    room = await server.create_room()
    old = await server.publish(room["tokens"]["publish"])

    new = await server.publish(room["tokens"]["publish"])

    await old.client.closed
    assert not server.is_connected(old)
    assert server.is_connected(new)
    assert await server.counts(room["id"]) == (1, 0)


async def test_same_peer_takes_over_from_a_session_that_never_connected(
    server: MediaServer,
) -> None:
    room = await server.create_room()

    replies = [await server.offer("publish", room["tokens"]["publish"]) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert len(server.context.sessions) == 1
    assert len(server.worker) == 1


async def test_refused_offer_leaves_the_older_session_alone(server: MediaServer) -> None:
    room = await server.create_room()
    old = await server.publish(room["tokens"]["publish"])

    reply = await server.offer("publish", room["tokens"]["publish"], "v=0\r\n")

    assert reply.error == (400, "invalid_sdp")
    assert server.is_connected(old)


async def test_call_session_takes_the_place_of_both_halves(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    await server.join("call", tokens["callee"])
    halves = [await server.publish(tokens["caller"]), await server.watch(tokens["caller"])]

    whole = await server.join("call", tokens["caller"])

    assert [server.is_connected(half) for half in halves] == [False, False]
    assert server.is_connected(whole)


async def test_second_publisher_of_a_broadcast_is_refused(server: MediaServer) -> None:
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"])

    reply = await server.offer("publish", await server.create_token(room["id"], "publish"))

    assert reply.error == (409, "room_full")
    assert reply.body["message"] == "Room has reached publisher limit"


async def test_third_peer_of_a_call_is_refused(server: MediaServer) -> None:
    room = await server.create_room("call")
    for token in room["tokens"].values():
        await server.join("call", token)
    third = await server.create_token(room["id"], "call")

    replies = [await server.offer(kind, third) for kind in ("call", "publish")]

    assert [reply.error for reply in replies] == [(409, "room_full")] * 2


async def test_who_is_in_a_call_may_reload_the_page_whoever_watches(server: MediaServer) -> None:
    room = await server.create_room("call")
    for token in room["tokens"].values():
        await server.join("call", token)
    third = await server.create_token(room["id"], "call")
    await server.join("subscribe", third)

    refused = await server.offer("call", third)
    replies = [await server.offer("call", token) for token in room["tokens"].values()]

    assert refused.error == (409, "room_full")
    assert [reply.status for reply in replies] == [200] * 2


async def test_place_in_a_call_is_free_again_when_a_peer_has_left(server: MediaServer) -> None:
    room = await server.create_room("call")
    peers = [await server.join("call", token) for token in room["tokens"].values()]
    await server.request("DELETE", f"/sfu/sessions/{peers[0].session_id}", bearer=peers[0].token)

    third = await server.join("call", await server.create_token(room["id"], "call"))

    assert server.is_connected(third)


async def test_subscribing_before_anyone_publishes_is_refused(server: MediaServer) -> None:
    broadcast, call = await server.create_room(), await server.create_room("call")

    replies = [
        await server.offer("subscribe", broadcast["tokens"]["subscribe"]),
        await server.offer("subscribe", call["tokens"]["caller"]),
    ]

    assert [reply.error for reply in replies] == [(404, "no_publisher_available")] * 2


async def test_own_publication_is_nothing_to_subscribe_to(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    await server.publish(tokens["caller"])

    reply = await server.offer("subscribe", tokens["caller"])

    assert reply.error == (404, "no_publisher_available")


async def test_calling_in_a_broadcast_room_is_refused(server: MediaServer) -> None:
    room = await server.create_room()

    reply = await server.offer("call", await server.create_token(room["id"], "call"))

    assert reply.error == (400, "room_type_mismatch")


OFFER = write_offer("publish")
INVALID = {
    "empty": ("", "v=0"),
    "not SDP": ("hello", "v=0"),
    "no bundle": (OFFER.replace("a=group:BUNDLE 0 1\r\n", ""), "BUNDLE"),
    "no rtcp-mux": (OFFER.replace("a=rtcp-mux\r\n", ""), "rtcp-mux"),
    "no fingerprint": (OFFER.replace("a=fingerprint:", "a=x-fingerprint:"), "fingerprint"),
    "half of a fingerprint": (
        OFFER.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 0"),
        "hex digits",
    ),
    "no ufrag": (OFFER.replace("a=ice-ufrag:F7gI\r\n", ""), "ice-ufrag"),
    "short pwd": (OFFER.replace("x9cmlYzichV2XlhiMu8gAA", "short"), "ice-pwd"),
    "unknown setup": (OFFER.replace("actpass", "sometimes"), "setup"),
    "ICE-lite": (OFFER.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n"), "ICE-lite"),
    "no sections": (OFFER[: OFFER.index("m=")], "section"),
    "two video sections": (
        OFFER.replace("BUNDLE 0 1", "BUNDLE 0 1 2")
        + OFFER[OFFER.index("m=video") :].replace("mid:1", "mid:2"),
        "more than one video",
    ),
    "unknown codecs": (
        OFFER.replace("opus", "speex").replace("VP8", "theora"),
        "supported codecs",
    ),
    "odd media line": (OFFER.replace("m=video 9 UDP", "m=video nine UDP"), "not a port"),
}


@pytest.mark.parametrize("name", INVALID)
async def test_unusable_offer_is_refused_with_a_sentence_that_says_why(
    server: MediaServer, name: str
) -> None:
    room = await server.create_room()
    sdp, clue = INVALID[name]

    reply = await server.request(
        "POST", "/sfu/publish", {"sdp": sdp, "type": "offer"}, bearer=room["tokens"]["publish"]
    )

    assert reply.error == (400, "invalid_sdp")
    assert clue.lower() in reply.body["message"].lower()
    assert len(server.context.sessions) == 0
    assert len(server.worker) == 0


async def test_body_that_is_no_offer_is_refused(server: MediaServer) -> None:
    token = (await server.create_room())["tokens"]["publish"]
    body = {"sdp": OFFER, "type": "answer"}

    reply = await server.request("POST", "/sfu/publish", body, bearer=token)

    assert reply.error == (400, "invalid_sdp")


async def test_viewer_without_the_published_codec_is_told_what_is_needed(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    await server.offer("publish", room["tokens"]["publish"], offer_text("minimal-h264-publish"))

    reply = await server.offer(
        "subscribe",
        room["tokens"]["subscribe"],
        offer_text("minimal-no-extensions-subscribe"),
    )

    assert reply.error == (400, "codec_mismatch")
    assert "H264" in reply.body["message"]


async def test_viewer_that_can_play_the_sound_alone_is_let_in(server: MediaServer) -> None:
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"], codec="AV1")

    reply = await server.offer("subscribe", room["tokens"]["subscribe"])

    assert reply.status == 200
    assert "a=inactive" in reply.body["sdp"]


async def test_port_that_is_closed_under_the_server_is_a_failed_connection(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    server.worker.close()

    reply = await server.offer("publish", room["tokens"]["publish"])

    assert reply.error == (500, "peer_connection_failed")
    assert reply.body["message"] == "WebRTC connection setup failed"
    assert len(server.context.sessions) == 0
    assert await server.counts(room["id"]) == (0, 0)


async def test_server_with_as_many_sessions_as_it_may_is_unavailable(tmp_path: Path) -> None:
    async with serving(tmp_path, max_sessions=2) as server:
        room = await server.create_room()
        await server.publish(room["tokens"]["publish"])
        viewer = await server.watch(room["tokens"]["subscribe"])

        refused = await server.offer("subscribe", room["tokens"]["subscribe"])
        replacing = await server.offer("publish", room["tokens"]["publish"])
        await server.request("DELETE", f"/sfu/sessions/{viewer.session_id}", bearer=viewer.token)
        other_room = await server.create_room()
        admitted = await server.offer("publish", other_room["tokens"]["publish"])

    assert refused.error == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert (replacing.status, admitted.status) == (200, 200)


async def test_subscribe_token_may_be_shared_by_many_viewers(server: MediaServer) -> None:
    """As in the documentation's own backend example (docs/adr/004)."""
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])

    viewers = [await server.watch(room["tokens"]["subscribe"]) for _ in range(5)]
    frame = publisher.send_frame(is_keyframe=True)

    for viewer in viewers:
        await viewer.wait_for(96, frame)
    assert await server.counts(room["id"]) == (1, 5)


async def test_kicking_a_shared_peer_ends_all_who_share_it_and_nobody_else(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"])
    sharing = [await server.watch(room["tokens"]["subscribe"]) for _ in range(3)]
    alone = await server.watch(await server.create_token(room["id"], "subscribe"))
    peers = (await server.request("GET", f"/v1/rooms/{room['id']}/peers")).body
    shared = next(peer for peer in peers if len(peer["sessions"]) == 3)

    await server.request("DELETE", f"/v1/rooms/{room['id']}/peers/{shared['peer_id']}")

    for viewer in sharing:
        await viewer.client.closed
    assert server.is_connected(alone)
    assert await server.counts(room["id"]) == (1, 1)


async def delete_room(server: MediaServer, room_id: str) -> None:
    await server.request("DELETE", f"/v1/rooms/{room_id}")


async def revoke_key(server: MediaServer, _room_id: str) -> None:
    await server.request("DELETE", f"/v1/keys/{KEY[:8]}")


async def drain(server: MediaServer, _room_id: str) -> None:
    await server.server.drain()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (delete_room, (404, "room_not_found")),
        (revoke_key, (401, "token_invalid")),
        (drain, (503, "unavailable")),
    ],
)
async def test_what_changes_while_the_offer_is_on_its_way_counts(
    server: MediaServer,
    change: Callable[[MediaServer, str], Awaitable[None]],
    refusal: tuple[int, str],
) -> None:
    """Else a slow client gets a session that nobody will ever close."""
    room = await server.create_room()
    headers = {"Authorization": f"Bearer {room['tokens']['publish']}"}

    async def slowly() -> AsyncIterator[bytes]:
        # The server has said "continue" by now, so it has let the request in.
        await change(server, room["id"])
        yield json.dumps({"sdp": OFFER, "type": "offer"}).encode()

    async with server.http.post(
        server.server.url + "/sfu/publish", data=slowly(), headers=headers, expect100=True
    ) as response:
        answer = await response.json()

    assert (response.status, answer["error"]) == refusal
    assert len(server.context.sessions) == 0
