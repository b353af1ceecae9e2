"""The JSON in the documentation is what the API describes, no field more and none less."""

from __future__ import annotations

import json
import re
from typing import Any

import jwt
import pytest

from liverelay.server.openapi.document import build_document
from liverelay.tokens import Role, mint
from tests.support.openapi import check, check_answer
from tests.support.snippets import Snippet, cases, snippets

# Of the sections that are not about one endpoint.
SCHEMAS = {
    "The server": "ServerStatus",
    "The last ten minutes": "History",
    "A room": "RoomStatus",
    "Joining": "Answer",
    "Errors": "Error",
    "Error codes": "Error",
    "2. Create a room": "CreatedRoom",
}
# The programs of that page are sent such events by a server in tests/docs/test_webhooks.py.
ELSEWHERE = ["docs/webhooks.md"]
CLAIMS = "Keys and tokens"

JSON = [each for each in snippets("json") if each.page not in ELSEWHERE]
(TOKEN,) = [each for each in JSON if each.heading == CLAIMS]
EVENTS = [
    pytest.param(*event, id=event[0])
    for each in snippets("text", pages=["docs/http-api.md"])
    for event in re.findall(r"^event: (\S+)\ndata: (.*)$", each.text, re.MULTILINE)
]


@pytest.mark.parametrize("snippet", cases(each for each in JSON if each is not TOKEN))
def test_body_is_as_the_api_describes(snippet: Snippet) -> None:
    body = json.loads(snippet.text)
    endpoint = re.match(r"`([A-Z]+) (/\S+)`", snippet.heading)

    if endpoint is None:
        check(SCHEMAS[snippet.heading], body)
    else:
        method, path = endpoint.groups()
        responses = build_document()["paths"][path][method.lower()]["responses"]
        check_answer(method, path, min(int(s) for s in responses if s.startswith("2")), body)


def test_claims_are_those_of_a_token() -> None:
    claims = json.loads(TOKEN.text)
    ttl = claims["exp"] - claims["iat"]

    token = mint(
        b"secret" * 8,
        room_id=claims["room_id"],
        role=Role(claims["role"]),
        key_id=claims["key_id"],
        ttl=ttl,
        now=claims["iat"],
    )

    minted = jwt.decode(token, options={"verify_signature": False})
    assert {**minted, "sub": claims["sub"]} == claims
    assert ttl == 86400


@pytest.mark.parametrize(("name", "data"), EVENTS)
def test_event_has_what_the_api_describes(name: str, data: str) -> None:
    schemas: Any = build_document()["components"]["schemas"]
    schema = {"snapshot": "Snapshot", "speakers": "Speakers"}.get(name, "PeerChange")
    told = json.loads(data.replace("{…}", "{}").replace("[…]", "[]"))

    assert set(schemas[schema]["required"]) <= set(told) <= set(schemas[schema]["properties"])


def test_events_are_found() -> None:
    assert [event.id for event in EVENTS] == ["speakers", "snapshot", "publisher.joined"]
