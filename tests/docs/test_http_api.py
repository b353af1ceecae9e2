"""docs/http-api.md names every endpoint and every error code, as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liverelay.errors import ErrorCode
from liverelay.server.openapi.document import build_document

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
SCHEMAS = build_document()["components"]["schemas"]
ROWS = {
    code: (int(status), message)
    for code, status, message in re.findall(r"^\| `(\w+)` \| (\d{3}) \| ([^|]+) \|", PAGE, re.M)
}


@pytest.mark.parametrize("code", list(ErrorCode))
def test_each_error_code_is_in_the_table_with_its_status_and_message(code: ErrorCode) -> None:
    assert ROWS.get(code.value) == (code.status, code.message)


def test_the_table_has_no_other_codes() -> None:
    assert set(ROWS) == {code.value for code in ErrorCode}


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
