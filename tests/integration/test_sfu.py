"""`/sfu`: which checks run, in which order, and the sessions endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liverelay.server.sessions import SessionKind, SessionState
from tests.support.server import OFFER, UNKNOWN_ROOM, running_api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

# The contract's table: what each endpoint makes of a role in a room of each type. "admitted" goes
# on to the body, where an empty object is found out.
_RULES = {
    ("publish", "broadcast"): {
        "publish": "admitted",
        "subscribe": "role_insufficient",
        "call": "admitted",
    },
    ("publish", "call"): {
        "publish": "admitted",
        "subscribe": "role_insufficient",
        "call": "admitted",
    },
    ("subscribe", "broadcast"): {
        "publish": "role_insufficient",
        "subscribe": "admitted",
        "call": "admitted",
    },
    ("subscribe", "call"): {
        "publish": "role_insufficient",
        "subscribe": "admitted",
        "call": "admitted",
    },
    ("call", "broadcast"): {
        "publish": "role_insufficient",
        "subscribe": "role_insufficient",
        "call": "room_type_mismatch",
    },
    ("call", "call"): {
        "publish": "role_insufficient",
        "subscribe": "role_insufficient",
        "call": "admitted",
    },
}
RULES = [
    (endpoint, room_type, role, outcome)
    for (endpoint, room_type), outcomes in _RULES.items()
    for role, outcome in outcomes.items()
]


@pytest.mark.parametrize(("endpoint", "room_type", "role", "outcome"), RULES)
async def test_roles_and_room_types_are_those_of_the_contract(
    api: Api, endpoint: str, room_type: str, role: str, outcome: str
) -> None:
    room = await api.create_room(room_type)
    token = api.token(room["id"], role)

    answer = await api.request("POST", f"/sfu/{endpoint}", auth=token, json={})

    assert answer.code == ("invalid_request" if outcome == "admitted" else outcome)


async def test_checks_run_in_the_contracts_order(api: Api) -> None:
    """Each request fails every later check too; the first one answers."""
    broadcast = await api.create_room("broadcast")
    await api.open_session(broadcast["tokens"]["publish"], SessionKind.PUBLISH)
    expired = api.token(UNKNOWN_ROOM, "subscribe", age=61, ttl=60)

    answers = [
        await api.request("POST", "/sfu/call", auth=None, data=b"{"),
        await api.request("POST", "/sfu/call", auth="x.y.z", data=b"{"),
        await api.request("POST", "/sfu/call", auth=expired, data=b"{"),
        await api.request(
            "POST", "/sfu/call", auth=api.token(UNKNOWN_ROOM, "subscribe"), data=b"{"
        ),
        await api.request("POST", "/sfu/call", auth=api.token(UNKNOWN_ROOM, "call"), data=b"{"),
        await api.request("POST", "/sfu/call", auth=api.token(broadcast["id"], "call"), data=b"{"),
        await api.request("POST", "/sfu/publish", auth=api.token(broadcast["id"]), data=b"{"),
        await api.request("POST", "/sfu/publish", auth=api.token(broadcast["id"]), json=OFFER),
    ]

    assert [answer.code for answer in answers] == [
        "auth_header_missing",
        "token_invalid",
        "token_expired",
        "role_insufficient",
        "room_not_found",
        "room_type_mismatch",
        "invalid_request",
        "room_full",
    ]


async def test_a_revoked_key_is_told_before_an_expired_token(api: Api) -> None:
    room = await api.create_room()
    token = api.token(room["id"], key_id="lr_00000", age=61, ttl=60)

    answer = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert answer.code == "token_invalid"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sdp": OFFER["sdp"]},
        {"type": "offer"},
        {"sdp": None, "type": "offer"},
        {"sdp": 5, "type": "offer"},
        {"sdp": [], "type": "offer"},
        {"sdp": OFFER["sdp"], "type": 5},
    ],
)
@pytest.mark.parametrize("endpoint", ["publish", "subscribe", "call"])
async def test_a_field_missing_or_of_wrong_type_is_invalid_request(
    api: Api, endpoint: str, body: dict[str, Any]
) -> None:
    room = await api.create_room("call")

    answer = await api.request("POST", f"/sfu/{endpoint}", auth=room["tokens"]["caller"], json=body)

    assert answer.status == 400
    assert answer.code == "invalid_request"


async def test_a_description_that_is_no_offer_is_invalid_sdp(api: Api) -> None:
    room = await api.create_room()

    answer = await api.request(
        "POST", "/sfu/publish", auth=room["tokens"]["publish"], json={**OFFER, "type": "answer"}
    )

    assert answer.error == (400, "invalid_sdp", "type must be offer")


async def test_an_offer_is_judged_before_the_room(api: Api) -> None:
    room = await api.create_room()
    sdp = OFFER["sdp"].replace("opus/", "unknown/").replace("VP8/", "unknown/")

    answer = await api.request(
        "POST", "/sfu/subscribe", auth=room["tokens"]["subscribe"], json={**OFFER, "sdp": sdp}
    )

    assert answer.status == 400
    assert answer.code == "invalid_sdp"


async def test_a_call_of_two_is_full_for_a_third(api: Api) -> None:
    room = await api.create_room("call")
    for token in room["tokens"].values():
        await api.open_session(token, SessionKind.CALL)
    third = api.token(room["id"], "call")

    answers = [
        await api.request("POST", f"/sfu/{endpoint}", auth=third, json=OFFER)
        for endpoint in ("call", "publish")
    ]

    assert [answer.status for answer in answers] == [409, 409]
    assert [answer.code for answer in answers] == ["room_full", "room_full"]


async def test_a_peer_alone_in_a_call_has_nobody_to_subscribe_to(api: Api) -> None:
    room = await api.create_room("call")
    caller = room["tokens"]["caller"]
    await api.open_session(caller, SessionKind.PUBLISH)

    answer = await api.request("POST", "/sfu/subscribe", auth=caller, json=OFFER)

    assert answer.error == (404, "no_publisher_available", "Room has no active publisher")


async def test_a_server_with_all_its_sessions_taken_is_unavailable(tmp_path: Path) -> None:
    async with running_api(tmp_path, max_sessions=1) as api:
        room = await api.create_room()
        await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)

        answer = await api.request(
            "POST", "/sfu/subscribe", auth=room["tokens"]["subscribe"], json=OFFER
        )

    assert answer.error == (503, "unavailable", "Server has as many sessions as it may")
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_draining_server_refuses_joins_and_says_when_to_come_back(api: Api) -> None:
    room = await api.create_room("call")
    session = await api.open_session(room["tokens"]["caller"], SessionKind.CALL)
    await api.server.drain()

    answers = [
        await api.request("POST", f"/sfu/{endpoint}", auth=room["tokens"]["callee"], json=OFFER)
        for endpoint in ("publish", "subscribe", "call")
    ]
    health = await api.request("GET", "/health")

    expected = (503, "unavailable", "Server is shutting down")
    assert [answer.error for answer in answers] == [expected] * 3
    assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
    assert session.state is SessionState.CLOSED
    assert health.status == 200


async def test_a_join_is_answered_with_an_answer_and_a_session(api: Api) -> None:
    room = await api.create_room()

    answer = await api.request("POST", "/sfu/publish", auth=room["tokens"]["publish"], json=OFFER)

    assert answer.status == 200
    assert set(answer.json) == {"sdp", "type", "session_id"}
    assert answer.json["type"] == "answer"
    assert answer.json["sdp"].startswith("v=0\r\n")
    assert answer.headers["Location"] == f"/sfu/sessions/{answer.json['session_id']}"


async def test_joining_again_replaces_the_peers_own_session(api: Api) -> None:
    room = await api.create_room()
    old = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)

    new = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)

    assert old.state is SessionState.CLOSED
    assert new.state is SessionState.CONNECTED


async def test_a_kicked_peer_does_not_come_back_by_itself(api: Api) -> None:
    room = await api.create_room()
    token = room["tokens"]["publish"]
    session = await api.open_session(token, SessionKind.PUBLISH)
    await api.request("DELETE", f"/v1/rooms/{room['id']}/peers/{session.peer_id}")
    resuming = {**OFFER, "previous_session_id": session.session_id}

    by_itself = await api.request("POST", "/sfu/publish", auth=token, json=resuming)
    on_purpose = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert (by_itself.status, by_itself.code) == (409, "session_ended")
    assert on_purpose.status == 200


async def test_a_session_takes_what_its_page_has_use_for(api: Api) -> None:
    room = await api.create_room()
    await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)
    token = room["tokens"]["subscribe"]
    session = await api.open_session(token, SessionKind.SUBSCRIBE)
    path = f"/sfu/sessions/{session.session_id}"

    answers = [
        await api.request("PATCH", path, auth=token, json=body)
        for body in ({"quality": "low"}, {"width": 640, "height": 360}, {}, {"quality": "best"})
    ]
    await api.request("DELETE", path, auth=token)
    late = await api.request("PATCH", path, auth=token, json={})

    assert [(answer.status, answer.body) for answer in answers[:3]] == [(204, b"")] * 3
    assert answers[3].error == (
        400,
        "invalid_request",
        "quality must be one of low, medium, high, auto",
    )
    assert (late.status, late.code) == (404, "not_found")


async def test_a_session_is_nobody_elses_to_change(api: Api) -> None:
    room = await api.create_room()
    session = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)

    answer = await api.request(
        "PATCH",
        f"/sfu/sessions/{session.session_id}",
        auth=room["tokens"]["subscribe"],
        json={"quality": "low"},
    )

    assert (answer.status, answer.code) == (404, "not_found")


async def test_deleting_a_session_ends_it_and_answers_204(api: Api) -> None:
    room = await api.create_room()
    token = room["tokens"]["publish"]
    session = await api.open_session(token, SessionKind.PUBLISH)

    answer = await api.request("DELETE", f"/sfu/sessions/{session.session_id}", auth=token)

    assert (answer.status, answer.body) == (204, b"")
    assert session.state is SessionState.CLOSED


async def test_deleting_a_session_twice_answers_204_again(api: Api) -> None:
    room = await api.create_room()
    token = room["tokens"]["publish"]
    session = await api.open_session(token, SessionKind.PUBLISH)
    path = f"/sfu/sessions/{session.session_id}"

    answers = [await api.request("DELETE", path, auth=token) for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]


async def test_a_session_belongs_to_its_own_token(api: Api) -> None:
    room = await api.create_room()
    session = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)
    path = f"/sfu/sessions/{session.session_id}"

    foreign = await api.request("DELETE", path, auth=room["tokens"]["subscribe"])
    unknown = await api.request(
        "DELETE", f"/sfu/sessions/{UNKNOWN_ROOM}", auth=room["tokens"]["publish"]
    )

    expected = (404, "not_found", "No such session of this token")
    assert foreign.error == unknown.error == expected
    assert session.state is SessionState.CONNECTED
