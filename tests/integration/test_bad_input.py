"""What no well-meaning client sends: each gets the contract's JSON, never a 500 or a traceback."""

from __future__ import annotations

import gzip
import json
import logging
from typing import TYPE_CHECKING

import pytest

from liverelay.server.body import MAX_BODY_SIZE
from tests.support.server import KEY, UNKNOWN_ROOM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

HEAD = f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()

NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"{'room_type': 'call'}",
    b"room_type=call",
    b'{"room_type": "call"',
    b'{"room_type": "call"}}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe\xfd",
    b'{"room_type": "\xff"}',
    b"\x00",
    b'{"ttl_secs": ' + b"9" * 5000 + b"}",
]
NOT_AN_OBJECT = [b"null", b"true", b"5", b'"call"', b"[]", b'[{"room_type": "call"}]']

NOT_HTTP = {
    "TLS client hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    + b"\x00" * 32
    + b"\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "unknown method": b"FROB /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "header without a colon": b"GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "nul in a header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
    "unbalanced bracket": b"GET http://[::1/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "endless length": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "broken chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "huge header": HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": HEAD + b"".join(b"X-%d: a\r\n" % i for i in range(10_000)) + b"\r\n",
    "huge URL": b"GET /v1/rooms/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}

WITH_BODY = ["/v1/rooms", "/v1/keys"]


@pytest.fixture(autouse=True)
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("path", WITH_BODY)
async def test_a_body_that_is_not_json_is_invalid_request(api: Api, path: str, body: bytes) -> None:
    answer = await api.request("POST", path, data=body)

    assert answer.error == (400, "invalid_request", "Body is not valid JSON")


@pytest.mark.parametrize("body", NOT_AN_OBJECT)
@pytest.mark.parametrize("path", WITH_BODY)
async def test_a_body_that_is_not_an_object_is_invalid_request(
    api: Api, path: str, body: bytes
) -> None:
    answer = await api.request("POST", path, data=body)

    assert answer.error == (400, "invalid_request", "Body must be a JSON object")


async def test_the_content_type_does_not_matter(api: Api) -> None:
    answer = await api.request(
        "POST",
        "/v1/rooms",
        data=b'{"room_type": "call"}',
        headers={"Content-Type": "text/plain"},
    )

    assert answer.status == 201


async def test_a_body_of_256_kib_is_read(api: Api) -> None:
    head = b'{"room_type": "call", "padding": "'
    body = head + b"a" * (MAX_BODY_SIZE - len(head) - 2) + b'"}'

    answer = await api.request("POST", "/v1/rooms", data=body)

    assert len(body) == 256 * 1024
    assert answer.status == 201


async def test_a_longer_body_is_too_large(api: Api) -> None:
    answer = await api.request("POST", "/v1/rooms", data=b" " * (MAX_BODY_SIZE + 1))

    assert answer.error == (413, "payload_too_large", "Body may have at most 262144 bytes")


async def test_a_longer_body_without_a_length_is_too_large(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b" " * 4096

    answer = await api.request("POST", "/v1/rooms", data=chunks())

    assert answer.error == (413, "payload_too_large", "Body may have at most 262144 bytes")


async def test_a_body_announced_as_too_large_is_refused_before_it_comes(api: Api) -> None:
    answer = await api.raw(HEAD + b"Content-Length: 1000000000\r\n\r\n")

    assert answer.code == "payload_too_large"


async def test_a_compressed_body_is_invalid_request(api: Api) -> None:
    bomb = gzip.compress(b" " * 10_000_000 + b'{"room_type": "call"}')

    answer = await api.request("POST", "/v1/rooms", data=bomb, headers={"Content-Encoding": "gzip"})

    assert answer.error == (400, "invalid_request", "Body must not be compressed")


async def test_a_client_that_goes_away_in_mid_body_is_no_failure(api: Api) -> None:
    reader, writer = await api.connect()
    writer.write(HEAD + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n{")
    await reader.readuntil(b"100 Continue\r\n\r\n")
    writer.transport.abort()

    answer = await api.request("GET", "/v1/rooms")

    assert answer.json == []


async def test_an_unknown_expectation_is_invalid_request(api: Api) -> None:
    answer = await api.raw(HEAD + b"Expect: tea\r\nContent-Length: 2\r\n\r\n{}")

    assert answer.status == 400
    assert answer.code == "invalid_request"


@pytest.mark.parametrize("case", NOT_HTTP)
async def test_what_is_not_valid_http_is_invalid_request(api: Api, case: str) -> None:
    answer = await api.raw(NOT_HTTP[case])

    assert answer.error == (400, "invalid_request", "Request is not valid HTTP")


async def test_garbage_in_one_connection_does_not_disturb_others(api: Api) -> None:
    for data in NOT_HTTP.values():
        await api.raw(data)

    answer = await api.request("GET", "/health")

    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/v1", "/v1/", "/v1/rooms/", "/v1/room", "/sfu", "/sfu/join", "/v2/rooms", "//"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "OPTIONS"])
async def test_an_unknown_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = await api.request(method, path)

    assert answer.error == (404, "not_found", "No such resource")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/rooms", {"GET", "HEAD", "POST"}),
        (f"/v1/rooms/{UNKNOWN_ROOM}", {"GET", "HEAD", "DELETE"}),
        (f"/v1/rooms/{UNKNOWN_ROOM}/token", {"POST"}),
        (f"/v1/rooms/{UNKNOWN_ROOM}/peers", {"GET", "HEAD"}),
        (f"/v1/rooms/{UNKNOWN_ROOM}/peers/x", {"DELETE"}),
        ("/v1/keys", {"GET", "HEAD", "POST"}),
        ("/v1/keys/lr_00000", {"DELETE"}),
        ("/health", {"GET", "HEAD"}),
        ("/openapi.json", {"GET", "HEAD"}),
        ("/sfu/publish", {"POST"}),
        ("/sfu/subscribe", {"POST"}),
        ("/sfu/call", {"POST"}),
        (f"/sfu/sessions/{UNKNOWN_ROOM}", {"PATCH", "DELETE"}),
    ],
)
async def test_a_wrong_method_is_refused_with_the_right_ones(
    api: Api, path: str, allowed: set[str]
) -> None:
    methods = {"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"}

    for method in sorted(methods - allowed - {"HEAD"}):
        answer = await api.request(method, path)

        assert answer.error == (405, "method_not_allowed", "Method is not allowed here")
        assert set(answer.headers["Allow"].split(",")) == allowed


async def test_every_error_is_exactly_code_and_message(api: Api) -> None:
    answer = await api.request("GET", "/nowhere")

    assert json.loads(answer.body) == {"error": "not_found", "message": "No such resource"}
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
