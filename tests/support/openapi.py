"""What the description of the API says of bodies, taken at its word: nothing else is in them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs

from liverelay.server.openapi.document import build_document


def check(schema: str | dict[str, Any], body: object) -> None:
    """Hold a body to a schema of the API, or to one by its name."""
    reference = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    jsonschema_rs.validate({**reference, "components": _components()}, body)


def check_answer(method: str, path: str, status: int, body: object) -> None:
    """Hold a successful answer to what the API says of it; `body` is None if there is none."""
    (item,) = [
        item
        for template, item in build_document()["paths"].items()
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
    ]
    content = item[method.lower()]["responses"][str(status)].get("content")
    assert status < 300
    assert (content is None) == (body is None)
    if content is not None:
        check(content["application/json"]["schema"], body)


@cache
def _components() -> Any:
    return _closed(build_document()["components"])


def _closed(schema: Any) -> Any:
    """Return a copy in which an object has no properties but those that are named."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: _closed(value) for name, value in schema.items()}
    if copy.get("type") == "object" and "properties" in copy:
        copy.setdefault("additionalProperties", False)
    return copy
