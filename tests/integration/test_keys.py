"""`/v1/keys`, and what keys are good for once they are revoked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.server.sessions import SessionKind, SessionState
from tests.support.server import KEY, OFFER, within_a_second

if TYPE_CHECKING:
    from tests.support.server import Answer, Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


async def create_key(api: Api, name: str = "my-app") -> str:
    answer = await api.request("POST", "/v1/keys", json={"name": name})
    return str(answer.json["key"])


async def token_made_with(api: Api, key: str, room_id: str) -> str:
    answer = await api.request(
        "POST", f"/v1/rooms/{room_id}/token", auth=key, json={"role": "publish"}
    )
    return str(answer.json["token"])


def is_refused(answer: Answer) -> bool:
    return answer.status == 401


async def test_creating_a_key_answers_it_in_full_with_its_name(api: Api) -> None:
    answer = await api.request("POST", "/v1/keys", json={"name": "my-app"})

    assert answer.status == 201
    assert answer.json == {"key": answer.json["key"], "name": "my-app"}
    assert re.fullmatch("lr_[0-9a-f]{32}", answer.json["key"])


async def test_a_created_key_is_usable_at_once(api: Api) -> None:
    key = await create_key(api)

    answer = await api.request("GET", "/v1/rooms", auth=key)

    assert answer.status == 200


async def test_keys_are_listed_oldest_first_and_without_their_secrets(api: Api) -> None:
    key = await create_key(api)

    answer = await api.request("GET", "/v1/keys")

    assert [item["name"] for item in answer.json] == ["bootstrap", "my-app"]
    assert [item["key_id"] for item in answer.json] == [KEY[:8], key[:8]]
    assert {tuple(item) for item in answer.json} == {("key_id", "name", "created_at_utc")}
    assert key.encode() not in answer.body


@pytest.mark.parametrize("name", ["a", "Ünïcode ✓", "x" * 200, "a b"])
async def test_a_printable_name_of_up_to_200_characters_is_taken(api: Api, name: str) -> None:
    answer = await api.request("POST", "/v1/keys", json={"name": name})

    assert answer.json["name"] == name


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\nb"},
        {"name": "\x00"},
        {"name": "\u202e"},
        {"name": None},
        {"name": 5},
        {"name": ["my-app"]},
    ],
)
async def test_an_unusable_name_is_invalid_request(api: Api, body: dict[str, Any]) -> None:
    answer = await api.request("POST", "/v1/keys", json=body)

    assert answer.status == 400
    assert answer.code == "invalid_request"


async def test_revoking_answers_204_without_a_body(api: Api) -> None:
    key = await create_key(api)

    answer = await api.request("DELETE", f"/v1/keys/{key[:8]}")

    assert (answer.status, answer.body) == (204, b"")


async def test_a_revoked_key_its_tokens_and_sessions_end_at_once(api: Api) -> None:
    room = await api.create_room()
    key = await create_key(api)
    token = await token_made_with(api, key, room["id"])
    session = await api.open_session(token, SessionKind.PUBLISH)
    spared = await api.open_session(room["tokens"]["subscribe"], SessionKind.SUBSCRIBE)
    await api.request("DELETE", f"/v1/keys/{key[:8]}")

    with_key = await api.request("GET", "/v1/rooms", auth=key)
    with_token = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert with_key.error == (401, "api_key_invalid", "API key is not valid")
    assert with_token.error == (401, "token_invalid", "Token signature is invalid")
    assert session.state is SessionState.CLOSED
    assert spared.state is SessionState.CONNECTED


async def test_a_key_revoked_by_another_process_ends_within_a_second(api: Api) -> None:
    room = await api.create_room()
    key = await create_key(api)
    token = await token_made_with(api, key, room["id"])
    session = await api.open_session(token, SessionKind.PUBLISH)
    api.other_process().keys.revoke(key[:8])

    with_key = await within_a_second(lambda: api.request("GET", "/v1/rooms", auth=key), is_refused)
    with_token = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert with_key.code == "api_key_invalid"
    assert with_token.error == (401, "token_invalid", "Token signature is invalid")
    assert session.state is SessionState.CLOSED


async def test_a_key_made_by_another_process_is_usable_at_once(api: Api) -> None:
    key, _ = api.other_process().keys.create("cron")

    answer = await api.request("GET", "/v1/rooms", auth=key)

    assert answer.status == 200


@pytest.mark.parametrize("key_id", ["lr_00000", "lr_", "x", KEY, "%00", "%ff"])
async def test_revoking_what_is_no_live_key_is_not_found(api: Api, key_id: str) -> None:
    answer = await api.request("DELETE", f"/v1/keys/{key_id}")

    assert answer.error == (404, "not_found", "No such API key")


async def test_revoking_twice_is_not_found(api: Api) -> None:
    key = await create_key(api)
    await api.request("DELETE", f"/v1/keys/{key[:8]}")

    answer = await api.request("DELETE", f"/v1/keys/{key[:8]}")

    assert answer.error == (404, "not_found", "No such API key")


async def test_a_key_can_revoke_itself(api: Api) -> None:
    revoked = await api.request("DELETE", f"/v1/keys/{KEY[:8]}")
    after = await api.request("GET", "/v1/rooms")

    assert revoked.status == 204
    assert after.code == "api_key_invalid"


async def test_a_key_revoked_by_another_process_ends_although_counts_cannot_be_written(
    api: Api,
) -> None:
    room = await api.create_room()
    key = await create_key(api)
    live = api.other_process().live_directory
    live.rename(live.with_name("moved"))
    session = await api.open_session(
        await token_made_with(api, key, room["id"]), SessionKind.PUBLISH
    )
    api.other_process().keys.revoke(key[:8])

    await within_a_second(lambda: api.request("GET", "/v1/rooms", auth=key), is_refused)

    assert session.state is SessionState.CLOSED
