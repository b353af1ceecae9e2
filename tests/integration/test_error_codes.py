"""Every row of the documentation's error tables, provoked over HTTP.

`invalid_sdp` and `peer_connection_failed` need media and are tested with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.errors import ErrorCode
from liverelay.server.sessions import SessionKind
from tests.support.server import KEY, OFFER, UNKNOWN_ROOM, WRONG_KEY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.server import Answer, Api

pytestmark = pytest.mark.network


async def missing_header(api: Api) -> Answer:
    return await api.request("POST", "/v1/rooms", auth=None, json={"room_type": "call"})


async def missing_header_on_join(api: Api) -> Answer:
    return await api.request("POST", "/sfu/publish", auth=None, json=OFFER)


async def wrong_key(api: Api) -> Answer:
    return await api.request("POST", "/v1/rooms", auth=WRONG_KEY, json={"room_type": "call"})


async def token_for_a_key(api: Api) -> Answer:
    room = await api.create_room()
    return await api.request("GET", "/v1/rooms", auth=room["tokens"]["publish"])


async def corrupted_token(api: Api) -> Answer:
    room = await api.create_room()
    token = room["tokens"]["publish"][:-6] + "AAAAAA"
    return await api.request("POST", "/sfu/publish", auth=token, json=OFFER)


async def key_for_a_token(api: Api) -> Answer:
    return await api.request("POST", "/sfu/publish", auth=KEY, json=OFFER)


async def expired_token(api: Api) -> Answer:
    room = await api.create_room()
    token = api.token(room["id"], ttl=60, age=61)
    return await api.request("POST", "/sfu/publish", auth=token, json=OFFER)


async def subscriber_publishes(api: Api) -> Answer:
    room = await api.create_room()
    return await api.request("POST", "/sfu/publish", auth=room["tokens"]["subscribe"], json=OFFER)


async def unknown_room(api: Api) -> Answer:
    return await api.request("GET", f"/v1/rooms/{UNKNOWN_ROOM}")


async def unknown_room_deleted(api: Api) -> Answer:
    return await api.request("DELETE", f"/v1/rooms/{UNKNOWN_ROOM}")


async def unknown_room_gets_token(api: Api) -> Answer:
    path = f"/v1/rooms/{UNKNOWN_ROOM}/token"
    return await api.request("POST", path, json={"role": "subscribe"})


async def deleted_room_joined(api: Api) -> Answer:
    room = await api.create_room()
    await api.request("DELETE", f"/v1/rooms/{room['id']}")
    return await api.request("POST", "/sfu/publish", auth=room["tokens"]["publish"], json=OFFER)


async def second_publisher(api: Api) -> Answer:
    room = await api.create_room()
    await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)
    return await api.request("POST", "/sfu/publish", auth=api.token(room["id"]), json=OFFER)


async def subscriber_before_publisher(api: Api) -> Answer:
    room = await api.create_room()
    token = room["tokens"]["subscribe"]
    return await api.request("POST", "/sfu/subscribe", auth=token, json=OFFER)


async def unknown_role(api: Api) -> Answer:
    room = await api.create_room()
    path = f"/v1/rooms/{room['id']}/token"
    return await api.request("POST", path, json={"role": "moderator"})


async def call_on_a_broadcast_room(api: Api) -> Answer:
    room = await api.create_room()
    token = api.token(room["id"], "call")
    return await api.request("POST", "/sfu/call", auth=token, json=OFFER)


# Code, status and message are typed from the documentation, not taken from the code.
DOCUMENTED = [
    (missing_header, 401, "auth_header_missing", "Authorization header is missing"),
    (missing_header_on_join, 401, "auth_header_missing", "Authorization header is missing"),
    (wrong_key, 401, "api_key_invalid", "API key is not valid"),
    (token_for_a_key, 401, "api_key_invalid", "API key is not valid"),
    (corrupted_token, 401, "token_invalid", "Token signature is invalid"),
    (key_for_a_token, 401, "token_invalid", "Token signature is invalid"),
    (expired_token, 401, "token_expired", "Token has expired"),
    (subscriber_publishes, 403, "role_insufficient", "Token role cannot perform this action"),
    (unknown_room, 404, "room_not_found", "Room does not exist"),
    (unknown_room_deleted, 404, "room_not_found", "Room does not exist"),
    (unknown_room_gets_token, 404, "room_not_found", "Room does not exist"),
    (deleted_room_joined, 404, "room_not_found", "Room does not exist"),
    (second_publisher, 409, "room_full", "Room has reached publisher limit"),
    (subscriber_before_publisher, 404, "no_publisher_available", "Room has no active publisher"),
    (unknown_role, 400, "invalid_role", "Invalid role value"),
    (call_on_a_broadcast_room, 400, "room_type_mismatch", "Wrong room type for this endpoint"),
]

# The documented rows that are not provoked above.
NEED_MEDIA = [
    ("invalid_sdp", 400, "Malformed SDP offer"),
    ("peer_connection_failed", 500, "WebRTC connection setup failed"),
]


@pytest.mark.parametrize(("provoke", "status", "code", "message"), DOCUMENTED)
@pytest.mark.asyncio
async def test_each_documented_error_is_answered_as_documented(
    api: Api,
    provoke: Callable[[Api], Awaitable[Answer]],
    status: int,
    code: str,
    message: str,
) -> None:
    answer = await provoke(api)

    assert answer.error == (status, code, message)


@pytest.mark.parametrize(("code", "status", "message"), NEED_MEDIA)
def test_each_documented_media_error_has_its_status_and_message(
    code: str, status: int, message: str
) -> None:
    error = {each.value: each for each in ErrorCode}[code]

    assert (error.status, error.message) == (status, message)
