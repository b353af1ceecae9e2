"""ICE restarts of living sessions, through a whole server on real sockets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.server.restart_allowance import MAX_RESTARTS
from tests.support.media_server import KEY, MediaServer, serving
from tests.support.peer import VIDEO, gaps, steps
from tests.support.sdp import offer_text, restarted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Any

    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def fill(server: MediaServer) -> tuple[dict[str, Any], Peer, Peer]:
    """Return a room, its publisher and its viewer, who has seen something."""
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    await viewer.wait_for(VIDEO, publisher.send_frame(is_keyframe=True))
    return room, publisher, viewer


def without_credentials(sdp: str) -> str:
    return re.sub(r"a=ice-(ufrag|pwd):\S+|o=.*", "", sdp)


async def until_reached_at(server: MediaServer, peer: Peer, address: tuple[str, int]) -> None:
    """Wait until the server sends a peer's media to `address`."""
    transport = server.context.media._joined[peer.session_id]._transport
    assert transport is not None
    await server.until(lambda: transport.target.address == address)


@pytest.mark.parametrize("restarting", ["publisher", "viewer"])
async def test_media_goes_on_through_a_restart_from_another_port(
    server: MediaServer, restarting: str
) -> None:
    room, publisher, viewer = await fill(server)
    peer = publisher if restarting == "publisher" else viewer
    connected = server.counters.connected

    reply = await server.reoffer(peer, restarted(peer.offer))
    await viewer.wait_for(VIDEO, publisher.send_frame())
    first = peer.answer
    before = peer.client.address
    peer.restart(reply.body)
    await until_reached_at(server, peer, peer.client.address)
    for _ in range(5):
        await viewer.wait_for(VIDEO, publisher.send_frame())

    assert reply.status == 200
    assert reply.body["type"] == "answer"
    assert reply.body["session_id"] == peer.session_id
    assert peer.client.address != before
    assert without_credentials(reply.body["sdp"]) == without_credentials(first)
    assert set(gaps(viewer.received(VIDEO))) == {1}
    assert min(steps(viewer.received(VIDEO))) > 0
    assert server.counters.connected == connected
    assert await server.counts(room["id"]) == (1, 1)


async def test_credentials_are_new_with_each_restart(server: MediaServer) -> None:
    _, publisher, _ = await fill(server)
    offer, answers = publisher.offer, [publisher.answer]

    for _ in range(3):
        offer = restarted(offer)
        answers.append((await server.reoffer(publisher, offer)).body["sdp"])

    for line in ("a=ice-ufrag:", "a=ice-pwd:", "o="):
        assert len({each[each.index(line) :].split("\r\n")[0] for each in answers}) == 4


async def test_offer_that_is_sent_again_gets_the_same_answer(server: MediaServer) -> None:
    _, publisher, _ = await fill(server)

    repeated = await server.reoffer(publisher, publisher.offer)
    once = await server.reoffer(publisher, restarted(publisher.offer))
    twice = await server.reoffer(publisher, restarted(publisher.offer))

    assert repeated.body["sdp"] == publisher.answer
    assert twice.body == once.body
    assert once.body["sdp"] != publisher.answer


async def test_restart_does_not_depend_on_what_the_room_holds_by_now(server: MediaServer) -> None:
    room, publisher, viewer = await fill(server)

    publisher.close()
    await server.until_counts(room["id"], (0, 1))
    other = await server.publish(room["tokens"]["publish"], codec="VP9")
    replies = [await server.reoffer(each, restarted(each.offer)) for each in (viewer, other)]

    assert [reply.status for reply in replies] == [200, 200]
    assert without_credentials(replies[0].body["sdp"]) == without_credentials(viewer.answer)


async def test_nobody_is_told_of_a_restart(server: MediaServer) -> None:
    _, publisher, _ = await fill(server)
    listener = server.context.events.listen(KEY)

    publisher.restart((await server.reoffer(publisher, restarted(publisher.offer))).body)
    await until_reached_at(server, publisher, publisher.client.address)
    await server.create_room()

    event = await listener.take()
    assert event is not None
    assert event.name == "room.created"


async def test_session_goes_on_whose_restart_is_answered_in_vain(server: MediaServer) -> None:
    _, publisher, viewer = await fill(server)

    await server.reoffer(publisher, restarted(publisher.offer))
    answered = publisher.client.checks_answered
    publisher.client.send_check()
    await publisher.client.wait_for(checks_answered=answered + 1)
    await viewer.wait_for(VIDEO, publisher.send_frame())

    assert server.is_connected(publisher)


async def test_offer_that_is_not_of_the_session_is_refused_and_costs_it_nothing(
    server: MediaServer,
) -> None:
    _, publisher, viewer = await fill(server)
    # The first byte, which is any of 256, with its first digit changed.
    fingerprint = re.sub(
        r"(sha-256 )(.)", lambda m: m[1] + ("1" if m[2] == "0" else "0"), publisher.offer
    )
    refused = {
        fingerprint: (409, "session_mismatch"),
        viewer.offer: (409, "session_mismatch"),
        offer_text("chromium-audio-only"): (409, "session_mismatch"),
        "v=0": (400, "invalid_sdp"),
        "garbage": (400, "invalid_sdp"),
        "": (400, "invalid_sdp"),
    }

    replies = [await server.reoffer(publisher, sdp) for sdp in refused]
    await viewer.wait_for(VIDEO, publisher.send_frame())

    assert [reply.error for reply in replies] == list(refused.values())
    assert all(len(reply.body["message"]) > 10 for reply in replies)
    assert "fingerprint" in replies[0].body["message"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"sdp": 5, "type": "offer"}, (400, "invalid_request")),
        ({"sdp": "v=0"}, (400, "invalid_request")),
        ({"sdp": "v=0", "type": "answer"}, (400, "invalid_sdp")),
    ],
)
async def test_body_that_is_no_offer_is_refused(
    server: MediaServer, body: dict[str, Any], error: tuple[int, str]
) -> None:
    _, publisher, _ = await fill(server)
    path = f"/sfu/sessions/{publisher.session_id}"

    reply = await server.request("PATCH", path, body, bearer=publisher.token)

    assert reply.error == error


async def test_session_is_nobody_elses_to_restart(server: MediaServer) -> None:
    room, publisher, viewer = await fill(server)
    offer = {"sdp": restarted(publisher.offer), "type": "offer"}
    path = f"/sfu/sessions/{publisher.session_id}"
    tokens = [await server.create_token(room["id"], "publish"), viewer.token, "eyJ.x.y", KEY]

    replies = [await server.request("PATCH", path, offer, bearer=token) for token in tokens]

    assert [reply.error for reply in replies] == [
        (404, "not_found"),
        (404, "not_found"),
        (401, "token_invalid"),
        (401, "token_invalid"),
    ]


async def test_session_that_has_ended_is_not_restarted(server: MediaServer) -> None:
    room, publisher, _ = await fill(server)

    publisher.close()
    await server.until_counts(room["id"], (0, 1))
    reply = await server.reoffer(publisher, restarted(publisher.offer))

    assert reply.error == (404, "not_found")


async def test_restarts_without_end_are_slowed_down(server: MediaServer) -> None:
    _, publisher, viewer = await fill(server)
    offers = [publisher.offer]
    for _ in range(MAX_RESTARTS + 1):
        offers.append(restarted(offers[-1]))

    replies = [await server.reoffer(publisher, sdp) for sdp in offers[1:]]
    again = await server.reoffer(publisher, offers[-2])
    await viewer.wait_for(VIDEO, publisher.send_frame())

    assert [reply.status for reply in replies] == [200] * MAX_RESTARTS + [429]
    assert replies[-1].error == (429, "rate_limited")
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 6
    assert again.body == replies[-2].body
