from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from liverelay.server.cors import cors_middleware

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.asyncio

ANY = ("*",)
SHOP = "https://shop.example"
ALLOW = "Access-Control-Allow-Origin"


async def serve(request: web.Request) -> web.StreamResponse:
    return web.Response(status=418)


async def answer(
    origins: tuple[str, ...], method: str, path: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    request = make_mocked_request(method, path, headers=headers)
    return await cors_middleware(origins)(request, serve)


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (ANY, SHOP, "*"),
        (ANY, "null", "*"),
        ((SHOP, "*"), "https://other.example", "*"),
        ((SHOP,), SHOP, SHOP),
        (("https://other.example", SHOP), SHOP, SHOP),
        ((SHOP,), "https://other.example", None),
        ((SHOP,), "https://shop.example.evil.example", None),
        ((SHOP,), "http://shop.example", None),
        ((SHOP,), "null", None),
        ((), SHOP, None),
    ],
)
async def test_an_origin_is_allowed_if_it_or_any_is_listed(
    origins: tuple[str, ...], origin: str, allowed: str | None
) -> None:
    response = await answer(origins, "GET", "/v1/rooms", {"Origin": origin})

    assert response.headers.get(ALLOW) == allowed


@pytest.mark.parametrize("path", ["/sfu/publish", "/static/liverelay.js", "/v1/rooms", "/health"])
async def test_the_contracts_paths_are_open(path: str) -> None:
    response = await answer(ANY, "GET", path, {"Origin": SHOP})

    assert response.headers[ALLOW] == "*"


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/healthy", "/v1", "/sfu", "/V1/rooms"])
async def test_other_paths_are_not_open(path: str) -> None:
    response = await answer(ANY, "GET", path, {"Origin": SHOP})

    assert ALLOW not in response.headers


async def test_a_preflight_is_answered_without_asking_the_route() -> None:
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "DELETE"}

    response = await answer(ANY, "OPTIONS", "/v1/rooms", headers)

    assert response.status == 204
    assert "DELETE" in response.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("OPTIONS", {"Origin": SHOP}),
        ("OPTIONS", {"Access-Control-Request-Method": "POST"}),
        ("POST", {"Origin": SHOP, "Access-Control-Request-Method": "POST"}),
    ],
)
async def test_what_is_no_preflight_goes_to_the_route(
    method: str, headers: Mapping[str, str]
) -> None:
    response = await answer(ANY, method, "/v1/rooms", headers)

    assert response.status == 418
    assert "Access-Control-Allow-Methods" not in response.headers


async def test_a_refused_preflight_allows_nothing() -> None:
    headers = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}

    response = await answer((SHOP,), "OPTIONS", "/v1/rooms", headers)

    assert response.status == 204
    assert [name for name in response.headers if name.startswith("Access-Control")] == []


@pytest.mark.parametrize(
    ("origins", "vary"), [(ANY, None), ((SHOP,), "Origin"), ((SHOP, "*"), None)]
)
@pytest.mark.parametrize("headers", [{}, {"Origin": SHOP}, {"Origin": "https://other.example"}])
async def test_answers_vary_by_origin_where_origins_are_narrowed(
    origins: tuple[str, ...], vary: str | None, headers: Mapping[str, str]
) -> None:
    response = await answer(origins, "GET", "/health", headers)

    assert response.headers.get("Vary") == vary
