"""Pages of other sites: which may use the API, and what they may read of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.server import OFFER, UNKNOWN_ROOM, Api, running_api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

PAGE = "https://shop.example"
OTHER_PAGE = "https://evil.example"
FROM_PAGE = {"Origin": PAGE}
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
OPEN_PATHS = ["/health", "/v1/rooms", "/v1/keys", "/sfu/publish", "/sfu/subscribe", "/sfu/call"]


@pytest_asyncio.fixture
async def narrowed(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path, cors_origin=(PAGE, "https://app.example")) as api:
        yield api


@pytest.mark.parametrize("path", OPEN_PATHS)
async def test_any_page_may_ask_by_default(api: Api, path: str) -> None:
    answer = await api.request("OPTIONS", path, auth=None, headers=PREFLIGHT)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("path", ["/health", "/v1/rooms", f"/v1/rooms/{UNKNOWN_ROOM}/peers"])
async def test_any_page_may_read_answers_and_errors_by_default(api: Api, path: str) -> None:
    answer = await api.request("GET", path, headers=FROM_PAGE)

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("method", "path", "auth"),
    [
        ("POST", "/sfu/publish", None),
        ("POST", "/sfu/publish", "x.y.z"),
        ("GET", "/v1/rooms", None),
        ("PUT", "/v1/rooms", None),
        ("GET", "/v1/nowhere", None),
        ("POST", "/static/nowhere.js", None),
    ],
)
async def test_a_page_can_read_why_it_was_refused(
    api: Api, method: str, path: str, auth: str | None
) -> None:
    answer = await api.request(method, path, auth=auth, headers=FROM_PAGE, json=OFFER)

    assert answer.status >= 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_page_can_read_where_its_room_is(api: Api) -> None:
    answer = await api.request(
        "POST", "/v1/rooms", headers=FROM_PAGE, json={"room_type": "broadcast"}
    )

    assert answer.headers["Location"].startswith("/v1/rooms/")
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]


async def test_what_is_not_from_a_page_gets_no_cors_headers(api: Api) -> None:
    answer = await api.request("GET", "/health")

    assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_a_path_that_is_not_open_gets_no_cors_headers(api: Api) -> None:
    answer = await api.request("GET", "/openapi.json", headers=FROM_PAGE)
    preflight = await api.request("OPTIONS", "/openapi.json", headers=PREFLIGHT)

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert preflight.status == 405


async def test_options_without_a_preflights_headers_is_a_wrong_method(api: Api) -> None:
    answer = await api.request("OPTIONS", "/v1/rooms", headers=FROM_PAGE)

    assert answer.code == "method_not_allowed"


async def test_a_listed_page_is_named_when_origins_are_narrowed(narrowed: Api) -> None:
    preflight = await narrowed.request("OPTIONS", "/v1/rooms", auth=None, headers=PREFLIGHT)
    answer = await narrowed.request("GET", "/v1/rooms", headers=FROM_PAGE)

    for each in (preflight, answer):
        assert each.headers["Access-Control-Allow-Origin"] == PAGE
        assert each.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", [OTHER_PAGE, "null", "http://shop.example", "https://shop.example:8443", PAGE + "."]
)
async def test_an_unlisted_page_is_not_let_in_when_origins_are_narrowed(
    narrowed: Api, origin: str
) -> None:
    preflight = await narrowed.request(
        "OPTIONS", "/v1/rooms", auth=None, headers={**PREFLIGHT, "Origin": origin}
    )
    answer = await narrowed.request("GET", "/v1/rooms", headers={"Origin": origin})

    for each in (preflight, answer):
        assert not [name for name in each.headers if name.startswith("Access-Control")]
        assert each.headers["Vary"] == "Origin"


async def test_caches_are_told_that_narrowed_answers_differ_also_without_an_origin(
    narrowed: Api,
) -> None:
    answer = await narrowed.request("GET", "/health")

    assert answer.headers["Vary"] == "Origin"
