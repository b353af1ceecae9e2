"""What every request has: an id, a log line, and an end that leaks nothing."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, NoReturn

import pytest
from typing_extensions import override

import liverelay
from liverelay.store.catalogue import Catalogue
from liverelay.store.records import RoomType
from tests.support.server import KEY, OFFER, UNKNOWN_ROOM

if TYPE_CHECKING:
    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


class BrokenCatalogue(Catalogue):
    """A catalogue with a bug."""

    @override
    def list_rooms(self) -> NoReturn:
        raise RuntimeError("the secret detail")


async def test_health_says_the_version_and_how_busy_without_a_key(api: Api) -> None:
    await api.create_room()

    answer = await api.request("GET", "/health", auth=None)

    assert answer.status == 200
    assert answer.json == {
        "status": "ok",
        "version": "0.2.0",
        "rooms_active": 1,
        "subscribers_active": 0,
    }
    assert liverelay.__version__ == "0.2.0"


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/v1/rooms", "/v1/keys"])
async def test_head_answers_what_get_does_without_the_body(api: Api, path: str) -> None:
    get = await api.request("GET", path)

    head = await api.request("HEAD", path)

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.body))


async def test_each_answer_has_an_id_of_its_own(api: Api) -> None:
    answers = [await api.request("GET", path) for path in ("/health", "/health", "/nowhere")]

    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)


@pytest.mark.parametrize("offered", ["abc", "A.b_c-9", "x" * 64])
async def test_a_usable_id_of_the_client_is_kept(api: Api, offered: str) -> None:
    answer = await api.request("GET", "/health", headers={"X-Request-ID": offered})

    assert answer.headers["X-Request-ID"] == offered


@pytest.mark.parametrize("offered", ["", "x" * 65, "a b", 'a"b', "ä", "a=b"])
async def test_an_unusable_id_of_the_client_is_replaced(api: Api, offered: str) -> None:
    answer = await api.request("GET", "/health", headers={"X-Request-ID": offered})

    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


async def test_an_unexpected_failure_is_an_internal_error_that_leaks_nothing(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.context.catalogue = BrokenCatalogue(api.other_process())

    answer = await api.request("GET", "/v1/rooms")

    assert answer.error == (500, "internal_error", "Internal server error")
    assert b"secret" not in answer.body
    assert "secret" not in str(answer.headers)
    logged = caplog.records[-1]
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is not None
    assert str(logged.exc_info[1]) == "the secret detail"


async def test_the_server_goes_on_after_an_unexpected_failure(api: Api) -> None:
    api.context.catalogue = BrokenCatalogue(api.other_process())
    await api.request("GET", "/v1/rooms")

    answer = await api.request("GET", "/health")

    assert answer.status == 200


async def test_a_damaged_file_is_an_internal_error_logged_in_one_sentence(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    room = api.other_process().rooms.create(RoomType.CALL)
    path = api.data_dir / "rooms" / f"{room.room_id}.toml"
    path.write_text("type = ")

    answer = await api.request("GET", f"/v1/rooms/{room.room_id}")

    assert answer.error == (500, "internal_error", "Internal server error")
    assert str(path) in caplog.text
    assert "Traceback" not in caplog.text
    assert path.read_text() == "type = "


async def test_requests_at_once_are_all_answered(api: Api) -> None:
    room = await api.create_room()
    path = f"/v1/rooms/{room['id']}/token"

    answers = await asyncio.gather(
        *(api.request("POST", path, json={"role": "subscribe"}) for _ in range(100)),
        *(api.request("GET", "/v1/rooms") for _ in range(100)),
        *(api.request("GET", f"/v1/rooms/{UNKNOWN_ROOM}") for _ in range(100)),
    )

    assert [answer.status for answer in answers] == [201] * 100 + [200] * 100 + [404] * 100
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 300


async def test_no_log_line_shows_a_key_or_a_token(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = await api.create_room()
    created = await api.request("POST", "/v1/keys", json={"name": "app"})
    token = room["tokens"]["publish"]
    await api.request("POST", "/sfu/publish", auth=token, json=OFFER)
    await api.request("GET", f"/v1/rooms/{token}")
    await api.request("DELETE", f"/v1/keys/{created.json['key'][:8]}")
    await api.request("GET", f"/nowhere/{KEY}")

    text = "\n".join(record.getMessage() for record in caplog.records)
    secrets = [KEY, created.json["key"], *room["tokens"].values()]
    assert "room_id" in text
    assert [secret for secret in secrets if secret in text] == []
