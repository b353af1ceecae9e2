"""docs/http-api.md names every endpoint, every field, and no error code that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liverelay.errors import ErrorCode
from liverelay.server.openapi.document import build_document

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
SCHEMAS = build_document()["components"]["schemas"]


def test_errors_that_are_named_exist() -> None:
    lists = re.findall(r"Errors: ([^\n]+)|can be answered ([^\n]+)", PAGE)
    outside_brackets = re.sub(r"\([^)]*\)", "", " ".join(map("".join, lists)))

    named = set(re.findall(r"`([a-z_]+)`", outside_brackets))

    assert len(named) >= 5
    assert named <= {code.value for code in ErrorCode}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, item in build_document()["paths"].items()
        for method in sorted(item.keys() - {"parameters"})
    ],
)
def test_each_endpoint_is_described(method: str, path: str) -> None:
    assert f"`{method} {path}`" in PAGE


@pytest.mark.parametrize(
    ("schema", "field"),
    [(name, field) for name, schema in SCHEMAS.items() for field in schema.get("properties", {})],
)
def test_each_field_is_described(schema: str, field: str) -> None:
    assert re.search(rf"[`\"]{field}[`\"]", PAGE)
