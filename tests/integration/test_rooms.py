"""`/v1/rooms`: every endpoint with its documented answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.server.sessions import SessionKind, SessionState
from liverelay.store import files
from liverelay.store.records import Room, RoomType
from liverelay.tokens import is_uuid
from liverelay.utc import utc_now
from tests.support.server import KEY, UNKNOWN_ROOM

if TYPE_CHECKING:
    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

OLD_ROOM = "8271274b-fc62-4b73-98c5-40e28b7a1b81"


def write_room(api: Api, room_id: str, age: int) -> None:
    room = Room(room_id, RoomType.BROADCAST, utc_now() - timedelta(seconds=age))
    directory = api.data_dir / "rooms"
    directory.mkdir(exist_ok=True)
    files.write_record(directory / f"{room_id}.toml", "An old room", room.to_record())


def shown(session_id: str, kind: str, state: str) -> dict[str, object]:
    return {"session_id": session_id, "kind": kind, "state": state, "age_secs": 0}


@pytest.mark.parametrize(
    ("room_type", "roles"),
    [
        ("broadcast", {"publish": "publish", "subscribe": "subscribe"}),
        ("call", {"caller": "call", "callee": "call"}),
    ],
)
async def test_creating_a_room_answers_its_id_type_and_join_tokens(
    api: Api, room_type: str, roles: dict[str, str]
) -> None:
    answer = await api.request("POST", "/v1/rooms", json={"room_type": room_type})

    room = answer.json
    claims = {name: api.claims(token) for name, token in room["tokens"].items()}
    assert answer.status == 201
    assert set(room) == {"id", "type", "tokens"}
    assert is_uuid(room["id"])
    assert room["type"] == room_type
    assert answer.headers["Location"] == f"/v1/rooms/{room['id']}"
    assert {name: claim.role for name, claim in claims.items()} == roles
    assert {claim.room_id for claim in claims.values()} == {room["id"]}
    assert {claim.key_id for claim in claims.values()} == {KEY[:8]}
    assert len({claim.sub for claim in claims.values()}) == 2


async def test_tokens_last_24_hours_by_default(api: Api) -> None:
    room = await api.create_room()

    claims = api.claims(room["tokens"]["publish"])

    assert claims.exp - claims.iat == 24 * 60 * 60


@pytest.mark.parametrize("ttl", [1, 60, 60.0, 31_536_000])
async def test_ttl_secs_sets_how_long_tokens_last(api: Api, ttl: float) -> None:
    room = await api.create_room("call", ttl_secs=ttl)
    further = await api.request(
        "POST", f"/v1/rooms/{room['id']}/token", json={"role": "call", "ttl_secs": ttl}
    )

    issued = [*room["tokens"].values(), further.json["token"]]
    assert {api.claims(token).exp - api.claims(token).iat for token in issued} == {ttl}


@pytest.mark.parametrize("ttl", [0, -1, 31_536_001, 1.5, 0.0, 1e400, "60", None, True, [60]])
async def test_ttl_secs_of_wrong_type_or_range_is_invalid_request(api: Api, ttl: object) -> None:
    room = await api.create_room()

    created = await api.request(
        "POST", "/v1/rooms", json={"room_type": "broadcast", "ttl_secs": ttl}
    )
    minted = await api.request(
        "POST", f"/v1/rooms/{room['id']}/token", json={"role": "publish", "ttl_secs": ttl}
    )

    expected = (400, "invalid_request", "ttl_secs must be a whole number from 1 to 31536000")
    assert created.error == minted.error == expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"room_type": "conference"},
        {"room_type": ""},
        {"room_type": "Broadcast"},
        {"room_type": None},
        {"room_type": 1},
        {"room_type": ["call"]},
        {"room_type": {"call": 1}},
        {"type": "call"},
    ],
)
async def test_room_type_missing_unknown_or_of_wrong_type_is_invalid_request(
    api: Api, body: dict[str, Any]
) -> None:
    answer = await api.request("POST", "/v1/rooms", json=body)

    assert answer.status == 400
    assert answer.code == "invalid_request"


async def test_unknown_fields_are_ignored(api: Api) -> None:
    room = await api.create_room("call", name="standup", id=OLD_ROOM)
    token = await api.request(
        "POST", f"/v1/rooms/{room['id']}/token", json={"role": "call", "sub": "me"}
    )
    key = await api.request("POST", "/v1/keys", json={"name": "app", "key": KEY})

    assert room["id"] != OLD_ROOM
    assert token.status == 201
    assert key.json["key"] != KEY


async def test_a_room_is_shown_as_documented(api: Api) -> None:
    room = await api.create_room()

    answer = await api.request("GET", f"/v1/rooms/{room['id']}")

    assert answer.status == 200
    assert answer.json == {
        "room_id": room["id"],
        "room_type": "broadcast",
        "publisher_count": 0,
        "subscriber_count": 0,
        "created_at_secs": 0,
    }


async def test_created_at_secs_is_the_age_of_the_room(api: Api) -> None:
    write_room(api, OLD_ROOM, age=120)

    shown = await api.request("GET", f"/v1/rooms/{OLD_ROOM}")
    listed = await api.request("GET", "/v1/rooms")

    assert shown.json["created_at_secs"] in {120, 121}
    assert [room["created_at_secs"] for room in listed.json] in ([120], [121])


async def test_created_at_secs_is_zero_for_a_room_from_the_future(api: Api) -> None:
    write_room(api, OLD_ROOM, age=-3600)

    answer = await api.request("GET", f"/v1/rooms/{OLD_ROOM}")

    assert answer.json["created_at_secs"] == 0


async def test_rooms_are_listed_oldest_first(api: Api) -> None:
    made = [(await api.create_room("call"))["id"] for _ in range(5)]
    write_room(api, OLD_ROOM, age=120)
    await api.request("GET", f"/v1/rooms/{OLD_ROOM}")

    answer = await api.request("GET", "/v1/rooms")

    assert [room["room_id"] for room in answer.json] == [OLD_ROOM, *made]


async def test_listing_no_rooms_answers_an_empty_array(api: Api) -> None:
    answer = await api.request("GET", "/v1/rooms")

    assert (answer.status, answer.json) == (200, [])


async def test_counts_are_of_connected_peers(api: Api) -> None:
    room = await api.create_room()
    publish, subscribe = room["tokens"]["publish"], room["tokens"]["subscribe"]
    await api.open_session(publish, SessionKind.PUBLISH)
    await api.open_session(subscribe, SessionKind.SUBSCRIBE)
    await api.open_session(api.token(room["id"], "subscribe"), SessionKind.SUBSCRIBE)
    await api.open_session(
        api.token(room["id"], "subscribe"), SessionKind.SUBSCRIBE, state=SessionState.CONNECTING
    )

    shown = await api.request("GET", f"/v1/rooms/{room['id']}")
    health = await api.request("GET", "/health")

    assert (shown.json["publisher_count"], shown.json["subscriber_count"]) == (1, 2)
    assert health.json["subscribers_active"] == 2


async def test_deleting_a_room_answers_204_without_a_body(api: Api) -> None:
    room = await api.create_room()

    answer = await api.request("DELETE", f"/v1/rooms/{room['id']}")

    assert (answer.status, answer.body) == (204, b"")
    assert "Content-Type" not in answer.headers


async def test_a_deleted_room_is_gone_everywhere(api: Api) -> None:
    room = await api.create_room()
    path = f"/v1/rooms/{room['id']}"
    session = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)
    await api.request("DELETE", path)

    answers = [
        await api.request("GET", path),
        await api.request("DELETE", path),
        await api.request("POST", path + "/token", json={"role": "publish"}),
        await api.request("GET", path + "/peers"),
        await api.request("DELETE", f"{path}/peers/{session.peer_id}"),
        await api.request("POST", "/sfu/publish", auth=room["tokens"]["publish"]),
    ]

    expected = (404, "room_not_found", "Room does not exist")
    assert [answer.error for answer in answers] == [expected] * len(answers)
    assert session.state is SessionState.CLOSED


@pytest.mark.parametrize(
    "room_id", [UNKNOWN_ROOM, "x", "..", "%2e%2e", "%2e%2e%2fsecret", "%00", "%ff", "Ä", "a" * 4000]
)
@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/token"),
        ("GET", "/peers"),
        ("DELETE", "/peers/someone"),
    ],
)
async def test_a_room_that_never_was_is_not_found(
    api: Api, method: str, suffix: str, room_id: str
) -> None:
    answer = await api.request(method, f"/v1/rooms/{room_id}{suffix}")

    assert answer.status == 404
    assert answer.code in {"room_not_found", "not_found"}


@pytest.mark.parametrize("role", ["publish", "subscribe", "call"])
@pytest.mark.parametrize("room_type", ["broadcast", "call"])
async def test_a_token_of_any_role_can_be_made_for_any_room(
    api: Api, room_type: str, role: str
) -> None:
    room = await api.create_room(room_type)

    answer = await api.request("POST", f"/v1/rooms/{room['id']}/token", json={"role": role})

    claims = api.claims(answer.json["token"])
    assert answer.status == 201
    assert set(answer.json) == {"token"}
    assert (claims.role, claims.room_id, claims.key_id) == (role, room["id"], KEY[:8])


async def test_each_token_is_another_peer(api: Api) -> None:
    room = await api.create_room()
    path = f"/v1/rooms/{room['id']}/token"

    answers = [await api.request("POST", path, json={"role": "subscribe"}) for _ in range(10)]

    assert len({api.claims(answer.json["token"]).sub for answer in answers}) == 10


@pytest.mark.parametrize("role", ["", "caller", "callee", "Publish", "admin"])
async def test_an_unknown_role_is_invalid_role(api: Api, role: str) -> None:
    room = await api.create_room()

    answer = await api.request("POST", f"/v1/rooms/{room['id']}/token", json={"role": role})

    assert answer.error == (400, "invalid_role", "Invalid role value")


@pytest.mark.parametrize("body", [{}, {"role": None}, {"role": 1}, {"role": ["publish"]}])
async def test_a_role_missing_or_of_wrong_type_is_invalid_request(
    api: Api, body: dict[str, Any]
) -> None:
    room = await api.create_room()

    answer = await api.request("POST", f"/v1/rooms/{room['id']}/token", json=body)

    assert answer.status == 400
    assert answer.code == "invalid_request"


async def test_peers_are_listed_with_their_sessions(api: Api) -> None:
    room = await api.create_room("call")
    caller, callee = room["tokens"].values()
    sending = await api.open_session(caller, SessionKind.PUBLISH)
    whole = await api.open_session(callee, SessionKind.CALL)
    receiving = await api.open_session(caller, SessionKind.SUBSCRIBE, state=SessionState.CONNECTING)

    answer = await api.request("GET", f"/v1/rooms/{room['id']}/peers")

    assert answer.json == [
        {
            "peer_id": api.claims(caller).sub,
            "role": "call",
            "sessions": [
                shown(sending.session_id, "publish", "connected"),
                shown(receiving.session_id, "subscribe", "connecting"),
            ],
        },
        {
            "peer_id": api.claims(callee).sub,
            "role": "call",
            "sessions": [shown(whole.session_id, "call", "connected")],
        },
    ]


async def test_kicking_a_peer_ends_its_sessions_and_no_others(api: Api) -> None:
    room = await api.create_room("call")
    kicked = await api.open_session(room["tokens"]["caller"], SessionKind.CALL)
    staying = await api.open_session(room["tokens"]["callee"], SessionKind.CALL)
    path = f"/v1/rooms/{room['id']}/peers"

    answer = await api.request("DELETE", f"{path}/{kicked.peer_id}")
    again = await api.request("DELETE", f"{path}/{kicked.peer_id}")

    peers = (await api.request("GET", path)).json
    assert (answer.status, answer.body) == (204, b"")
    assert again.error == (404, "not_found", "No such peer in this room")
    assert [peer["peer_id"] for peer in peers] == [staying.peer_id]
