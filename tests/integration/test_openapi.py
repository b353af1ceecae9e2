"""`/openapi.json` is a valid OpenAPI 3.1 document, and says what the server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from liverelay.errors import ErrorCode
from liverelay.server.app import create_app
from liverelay.server.openapi.document import build_document
from liverelay.server.sessions import SessionKind
from tests.support.server import KEY, running_api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Api

DOCUMENT = build_document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: dict[str, Any] = {
    operation["operationId"]: SCHEMA[path][method]
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}

# A generated text is hardly ever a session description, nor a name of nothing but printable
# characters, which no pattern can say. 500 and 503 are documented answers of a join.
JOIN_CHECKS = [positive_data_acceptance, schemathesis.checks.not_a_server_error]
EXCLUDED_CHECKS: dict[str, Any] = {
    "createKey": [positive_data_acceptance],
    "publish": JOIN_CHECKS,
    "subscribe": JOIN_CHECKS,
    "call": JOIN_CHECKS,
    "changeSession": [positive_data_acceptance],
}
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE

# An answer without an end cannot be checked as a whole; tests/integration/test_events.py and
# test_session_events.py read them.
WHOLE = [name for name in OPERATIONS if name not in {"streamEvents", "streamSessionEvents"}]

# What takes neither parameters nor a key cannot be asked wrongly.
CASES = [(name, POSITIVE) for name in WHOLE] + [
    (name, NEGATIVE) for name in WHOLE if name not in {"getHealth", "getOpenApi"}
]
CASES_OF_ONE_THING = [(name, mode) for name, mode in CASES if "{" in OPERATIONS[name].path]

BOUNDED = settings(
    max_examples=20,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def is_no_internal_error(_context: object, response: Any, _case: object) -> None:
    assert b'"error": "internal_error"' not in response.content


def check_answers(
    api: Api, name: str, mode: schemathesis.GenerationMode, token: str, ids: dict[str, str] | None
) -> None:
    """Send generated requests and check each answer; blocks, so not for the event loop."""
    operation = OPERATIONS[name]
    bearer = token if operation.path.startswith("/sfu") else KEY
    excluded = EXCLUDED_CHECKS.get(name)

    @seed(20260101)
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=ids))
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            base_url=api.url,
            headers={"Authorization": f"Bearer {bearer}"},
            additional_checks=[is_no_internal_error],
            excluded_checks=excluded,
        )

    check()


@pytest.mark.parametrize(("name", "mode"), CASES)
@pytest.mark.network
@pytest.mark.asyncio
async def test_answers_are_those_of_the_document(
    tmp_path: Path, name: str, mode: schemathesis.GenerationMode
) -> None:
    async with running_api(tmp_path, key_failure_limit=0) as api:
        token = (await api.create_room("call"))["tokens"]["caller"]

        await asyncio.to_thread(check_answers, api, name, mode, token, None)


@pytest.mark.parametrize(("name", "mode"), CASES_OF_ONE_THING)
@pytest.mark.network
@pytest.mark.asyncio
async def test_answers_about_what_exists_are_those_of_the_document(
    tmp_path: Path, name: str, mode: schemathesis.GenerationMode
) -> None:
    async with running_api(tmp_path, key_failure_limit=0) as api:
        room = await api.create_room("call")
        token = room["tokens"]["caller"]
        session = await api.open_session(token, SessionKind.CALL)
        key = (await api.request("POST", "/v1/keys", json={"name": "spare"})).json["key"]
        exists = {
            "room_id": room["id"],
            "peer_id": session.peer_id,
            "session_id": session.session_id,
            "key_id": key[:8],
        }
        ids = {k: v for k, v in exists.items() if f"{{{k}}}" in OPERATIONS[name].path}

        await asyncio.to_thread(check_answers, api, name, mode, token, ids)


@pytest.mark.network
@pytest.mark.asyncio
async def test_the_document_is_served_without_a_key(api: Api) -> None:
    answer = await api.request("GET", "/openapi.json", auth=None)

    assert answer.status == 200
    assert answer.json == DOCUMENT


def test_the_document_is_valid_openapi() -> None:
    errors = [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)]

    assert errors == []
    assert DOCUMENT["openapi"].startswith("3.1.")


@pytest.mark.network
@pytest.mark.asyncio
async def test_the_document_has_exactly_the_routes_that_exist(api: Api) -> None:
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in create_app(api.context).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    documented = {
        (method, path)
        for path, item in DOCUMENT["paths"].items()
        for method in item.keys() - {"parameters"}
    }

    # Pages and scripts are for browsers, not for programs.
    pages = {
        (method, path)
        for method, path in routes
        if path == "/"
        or path.startswith(("/static", "/dashboard", "/docs", "/examples", "/shared"))
    }
    assert documented == routes - pages


def test_the_document_has_every_error_code() -> None:
    error = DOCUMENT["components"]["schemas"]["Error"]

    assert error["properties"]["error"]["enum"] == [code.value for code in ErrorCode]


def test_each_error_code_is_documented_where_it_can_be_answered() -> None:
    described = " ".join(
        answer["description"]
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for answer in operation["responses"].values()
    )

    # Any request at all can meet these two.
    everywhere = {ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.INTERNAL_ERROR}
    missing = [code for code in ErrorCode if f"`{code.value}`" not in described]
    assert set(missing) <= everywhere
