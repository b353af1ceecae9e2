"""Who is let in: headers, tokens of every wrong kind, and addresses that guess keys."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import jwt
import pytest

from liverelay.utc import unix_now
from tests.support.server import KEY, OFFER, UNKNOWN_ROOM, WRONG_KEY, running_api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

UNSIGNED = base64.urlsafe_b64encode(b'{"alg": "none"}').rstrip(b"=").decode()
PEER = "11111111-1111-4111-8111-111111111111"

GUARDED_BY_KEY = [
    ("POST", "/v1/rooms"),
    ("GET", "/v1/rooms"),
    ("GET", f"/v1/rooms/{UNKNOWN_ROOM}"),
    ("DELETE", f"/v1/rooms/{UNKNOWN_ROOM}"),
    ("POST", f"/v1/rooms/{UNKNOWN_ROOM}/token"),
    ("GET", f"/v1/rooms/{UNKNOWN_ROOM}/peers"),
    ("DELETE", f"/v1/rooms/{UNKNOWN_ROOM}/peers/{PEER}"),
    ("POST", "/v1/keys"),
    ("GET", "/v1/keys"),
    ("DELETE", "/v1/keys/lr_aebfc"),
]
GUARDED_BY_TOKEN = [
    ("POST", "/sfu/publish"),
    ("POST", "/sfu/subscribe"),
    ("POST", "/sfu/call"),
    ("PATCH", f"/sfu/sessions/{UNKNOWN_ROOM}"),
    ("DELETE", f"/sfu/sessions/{UNKNOWN_ROOM}"),
]
NO_BEARER = ["", " ", "Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Bearer {KEY} x", f"Bearer{KEY}"]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(("method", "path"), GUARDED_BY_KEY + GUARDED_BY_TOKEN)
async def test_every_guarded_endpoint_asks_for_the_header_first(
    api: Api, method: str, path: str
) -> None:
    answer = await api.request(method, path, auth=None)

    assert answer.error == (401, "auth_header_missing", "Authorization header is missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), GUARDED_BY_KEY)
async def test_every_rest_endpoint_refuses_a_wrong_key(api: Api, method: str, path: str) -> None:
    answer = await api.request(method, path, auth=WRONG_KEY)

    assert answer.error == (401, "api_key_invalid", "API key is not valid")


@pytest.mark.parametrize(("method", "path"), GUARDED_BY_TOKEN)
async def test_every_sfu_endpoint_refuses_an_api_key(api: Api, method: str, path: str) -> None:
    answer = await api.request(method, path, auth=KEY)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


@pytest.mark.parametrize("header", NO_BEARER)
async def test_a_malformed_header_is_a_missing_one(api: Api, header: str) -> None:
    rest = await api.request("GET", "/v1/rooms", auth=None, headers={"Authorization": header})
    sfu = await api.request("POST", "/sfu/call", auth=None, headers={"Authorization": header})

    assert rest.code == sfu.code == "auth_header_missing"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_case_of_the_scheme_does_not_matter(api: Api, scheme: str) -> None:
    answer = await api.request(
        "GET", "/v1/rooms", auth=None, headers={"Authorization": f"{scheme} {KEY}"}
    )

    assert answer.status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        WRONG_KEY,
        KEY[:-1] + "0",
        KEY[:-1],
        KEY + "0",
        KEY.upper(),
        KEY[:8],
        "lr_",
        "x",
        "lr_" + "../" * 10 + "ab",
    ],
)
async def test_what_is_not_exactly_a_live_key_is_invalid(api: Api, wrong: str) -> None:
    answer = await api.request("GET", "/v1/rooms", auth=wrong)

    assert answer.error == (401, "api_key_invalid", "API key is not valid")


async def test_bytes_outside_utf8_in_the_header_are_a_wrong_key_or_token(api: Api) -> None:
    head = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: Bearer \xff\xfe.\xff.\xff"

    rest = await api.raw(b"GET /v1/rooms" + head + b"\r\n\r\n")
    sfu = await api.raw(b"POST /sfu/publish" + head + b"\r\n\r\n")

    assert rest.error == (401, "api_key_invalid", "API key is not valid")
    assert sfu.error == (401, "token_invalid", "Token signature is invalid")


@pytest.mark.parametrize("missing", ["sub", "room_id", "role", "key_id", "exp", "iat"])
async def test_a_token_without_one_of_its_claims_is_invalid(api: Api, missing: str) -> None:
    claims = {
        "sub": PEER,
        "room_id": UNKNOWN_ROOM,
        "role": "publish",
        "key_id": "local",
        "exp": unix_now() + 60,
        "iat": unix_now(),
    }
    del claims[missing]
    token = jwt.encode(claims, api.context.token_secret, algorithm="HS256")

    answer = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": 5},
        {},
        [],
        None,
        "HS256",
    ],
)
async def test_a_token_that_names_another_algorithm_is_invalid(api: Api, header: object) -> None:
    room = await api.create_room()
    _, payload, signature = room["tokens"]["publish"].split(".")
    token = f"{base64url(json.dumps(header).encode())}.{payload}.{signature}"

    answer = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


async def test_an_unsigned_token_is_invalid(api: Api) -> None:
    room = await api.create_room()
    _, payload, _ = room["tokens"]["publish"].split(".")
    token = f"{UNSIGNED}.{payload}."

    answer = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


async def test_a_token_with_another_payload_is_invalid(api: Api) -> None:
    room = await api.create_room()
    head, payload, signature = room["tokens"]["subscribe"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64url(json.dumps({**claims, "role": "publish"}).encode())

    answer = await api.request(
        "POST", "/sfu/publish", auth=f"{head}.{forged}.{signature}", json=OFFER
    )

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


@pytest.mark.parametrize("token", ["eyJ", "a.b.c", "..", "e30.e30.", base64url(b"[" * 3000) + ".."])
async def test_what_is_no_token_is_invalid(api: Api, token: str) -> None:
    answer = await api.request("POST", "/sfu/publish", auth=token, json=OFFER)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


async def test_a_token_of_another_store_is_invalid(api: Api, tmp_path: Path) -> None:
    room = await api.create_room()
    async with running_api(tmp_path / "other") as other:
        foreign = other.token(room["id"])

    answer = await api.request("POST", "/sfu/publish", auth=foreign, json=OFFER)

    assert answer.error == (401, "token_invalid", "Token signature is invalid")


async def test_the_21st_wrong_key_in_a_minute_is_rate_limited(api: Api) -> None:
    wrong = [await api.request("GET", "/v1/rooms", auth=WRONG_KEY) for _ in range(21)]

    assert [answer.code for answer in wrong] == ["api_key_invalid"] * 20 + ["rate_limited"]
    assert wrong[-1].error == (429, "rate_limited", "Too many wrong API keys from this address")
    assert 1 <= int(wrong[-1].headers["Retry-After"]) <= 60


async def test_a_right_key_is_served_from_an_address_that_sent_wrong_ones(api: Api) -> None:
    for _ in range(30):
        await api.request("GET", "/v1/rooms", auth=WRONG_KEY)

    answer = await api.request("GET", "/v1/rooms")

    assert answer.status == 200


async def test_a_missing_header_and_wrong_tokens_do_not_count_as_wrong_keys(api: Api) -> None:
    for _ in range(30):
        await api.request("GET", "/v1/rooms", auth=None)
        await api.request("POST", "/sfu/publish", auth=WRONG_KEY)

    answer = await api.request("GET", "/v1/rooms", auth=WRONG_KEY)

    assert answer.code == "api_key_invalid"


async def test_a_limit_of_zero_never_rate_limits(tmp_path: Path) -> None:
    async with running_api(tmp_path, key_failure_limit=0) as api:
        answers = [await api.request("GET", "/v1/rooms", auth=WRONG_KEY) for _ in range(50)]

    assert {answer.code for answer in answers} == {"api_key_invalid"}
