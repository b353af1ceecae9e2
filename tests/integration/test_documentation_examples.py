"""The curl lines of the documentation, run by a real curl against a real server.

They are pasted as they are; only the host, the key, the token, and the id that is spelled "uuid"
are filled in. The documented room is put where the documentation finds it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.store import files
from liverelay.store.records import Room, RoomType
from liverelay.tokens import is_uuid
from liverelay.utc import utc_now
from tests.support.server import KEY, OFFER

if TYPE_CHECKING:
    from tests.support.server import Api

pytestmark = [
    pytest.mark.network,
    pytest.mark.asyncio,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

ROOM = "8271274b-fc62-4b73-98c5-40e28b7a1b81"

CREATE_ROOM = r"""
curl -X POST https://your-server.com/v1/rooms \
 -H "Authorization: Bearer lr_your_api_key" \
 -H "Content-Type: application/json" \
 -d '{"room_type": "broadcast"}'
"""
LIST_ROOMS = r"""
curl https://your-server.com/v1/rooms \
-H "Authorization: Bearer lr_your_api_key"
"""
GET_ROOM = r"""
curl https://your-server.com/v1/rooms/8271274b-fc62-4b73-98c5-40e28b7a1b81 \
-H "Authorization: Bearer lr_your_api_key"
"""
DELETE_ROOM = r"""
curl -X DELETE https://your-server.com/v1/rooms/8271274b-fc62-4b73-98c5-40e28b7a1b81 \
-H "Authorization: Bearer lr_your_api_key"
"""
CREATE_TOKEN = r"""
curl -X POST https://your-server.com/v1/rooms/uuid/token \
 -H "Authorization: Bearer lr_your_api_key" \
 -H "Content-Type: application/json" \
 -d '{"role": "subscribe"}'
"""
CREATE_KEY = r"""
curl -X POST https://your-server.com/v1/keys \
 -H "Authorization: Bearer lr_your_api_key" \
 -H "Content-Type: application/json" \
 -d '{"name": "my-app"}'
"""
HEALTH = r"""
curl https://your-server.com/health
"""
JOIN = r"""
curl -X POST https://your-server.com/sfu/publish \
 -H "Authorization: Bearer eyJ...jwt_token" \
 -H "Content-Type: application/json" \
 -d '{"sdp": "v=0...", "type": "offer"}'
"""


async def run(api: Api, command: str, **filled_in: str) -> tuple[int, str]:
    """Run a pasted command and return the status and the body of its answer."""
    filled_in = {"https://your-server.com": api.url, "lr_your_api_key": KEY, **filled_in}
    for placeholder, value in filled_in.items():
        command = command.replace(placeholder, value)
    # The shell runs what was pasted; what is appended makes curl tell the status too.
    process = await asyncio.create_subprocess_shell(
        command.rstrip() + " --silent --show-error --write-out '\\n%{http_code}'",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    body, _, status = output.decode().rpartition("\n")
    return int(status), body


def put_documented_room(api: Api) -> None:
    room = Room(ROOM, RoomType.BROADCAST, utc_now() - timedelta(seconds=120))
    directory = api.data_dir / "rooms"
    directory.mkdir(exist_ok=True)
    files.write_record(directory / f"{ROOM}.toml", "The documented room", room.to_record())


def shape(value: Any) -> Any:
    """Return `value` with each text or number replaced by its type."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


async def test_create_room_answers_its_tokens(api: Api) -> None:
    status, body = await run(api, CREATE_ROOM)

    room = json.loads(body)
    assert status == 201
    assert shape(room) == {
        "id": "str",
        "type": "str",
        "tokens": {"publish": "str", "subscribe": "str"},
    }
    assert is_uuid(room["id"])
    assert room["type"] == "broadcast"
    assert room["tokens"]["publish"].startswith("eyJ")


async def test_create_room_of_type_call_answers_its_tokens(api: Api) -> None:
    status, body = await run(api, CREATE_ROOM, broadcast="call")

    room = json.loads(body)
    assert status == 201
    assert room["type"] == "call"
    assert set(room["tokens"]) == {"caller", "callee"}


async def test_list_rooms_answers_an_array(api: Api) -> None:
    put_documented_room(api)
    await run(api, GET_ROOM)

    status, body = await run(api, LIST_ROOMS)

    rooms = json.loads(body)
    assert status == 200
    assert shape(rooms) == [
        {
            "room_id": "str",
            "room_type": "str",
            "publisher_count": "int",
            "subscriber_count": "int",
            "created_at_secs": "int",
        }
    ]
    assert rooms[0]["room_id"] == ROOM
    assert 120 <= rooms[0]["created_at_secs"] < 125


async def test_get_room_answers_the_same_object_as_the_list(api: Api) -> None:
    put_documented_room(api)

    status, body = await run(api, GET_ROOM)
    _, listed = await run(api, LIST_ROOMS)

    room, (item,) = json.loads(body), json.loads(listed)
    assert status == 200
    assert list(room) == list(item)
    assert room["room_id"] == item["room_id"] == ROOM


async def test_delete_room_answers_204_then_404(api: Api) -> None:
    put_documented_room(api)

    first = await run(api, DELETE_ROOM)
    second = await run(api, DELETE_ROOM)

    assert first == (204, "")
    assert second[0] == 404
    assert json.loads(second[1]) == {"error": "room_not_found", "message": "Room does not exist"}


async def test_create_token_answers_a_token(api: Api) -> None:
    put_documented_room(api)

    status, body = await run(api, CREATE_TOKEN, uuid=ROOM)

    assert status == 201
    assert list(json.loads(body)) == ["token"]
    assert api.claims(json.loads(body)["token"]).role == "subscribe"


async def test_create_key_answers_key_and_name(api: Api) -> None:
    status, body = await run(api, CREATE_KEY)

    created = json.loads(body)
    assert status == 201
    assert list(created) == ["key", "name"]
    assert created["key"].startswith("lr_")
    assert len(created["key"]) == 35
    assert created["name"] == "my-app"


async def test_health_answers_version_and_counts(api: Api) -> None:
    status, body = await run(api, HEALTH)

    assert status == 200
    assert json.loads(body) == {
        "status": "ok",
        "version": "0.2.0",
        "rooms_active": 0,
        "subscribers_active": 0,
    }


@pytest.mark.parametrize(
    ("endpoint", "role", "code"),
    [
        ("publish", "subscribe", "role_insufficient"),
        ("subscribe", "subscribe", "no_publisher_available"),
        ("subscribe", "publish", "role_insufficient"),
        ("call", "call", "room_type_mismatch"),
        ("call", "publish", "role_insufficient"),
    ],
)
async def test_joins_answer_the_documented_errors(
    api: Api, endpoint: str, role: str, code: str
) -> None:
    put_documented_room(api)
    filled_in = {
        "eyJ...jwt_token": api.token(ROOM, role),
        '"v=0..."': json.dumps(OFFER["sdp"]),
        "sfu/publish": f"sfu/{endpoint}",
    }

    _, body = await run(api, JOIN, **filled_in)

    assert json.loads(body)["error"] == code


@pytest.mark.parametrize(
    ("key", "code"), [("lr_your_api_key", "api_key_invalid"), ("", "auth_header_missing")]
)
async def test_an_example_run_without_filling_in_the_key_says_what_is_wrong(
    api: Api, key: str, code: str
) -> None:
    status, body = await run(api, CREATE_ROOM, lr_your_api_key=key)

    assert status == 401
    assert json.loads(body)["error"] == code
