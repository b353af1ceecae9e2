"""docs/sdk.md, the SDK and the server speak of the same error codes."""

from __future__ import annotations

import re
from pathlib import Path

import liverelay
from liverelay.errors import ErrorCode

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "sdk.md").read_text()
SOURCE = (Path(liverelay.__file__).parent / "sdk_js" / "src" / "errors.js").read_text()


def documented_mapping() -> dict[str, str]:
    """Return the SDK's code for each server code, as the table in docs/sdk.md has it."""
    rows = re.findall(r"^\| `([A-Z_]+)` \|.*\|(.*)\|$", REFERENCE, re.MULTILINE)
    return {server: sdk for sdk, servers in rows for server in re.findall(r"`(\w+)`", servers)}


def mapping_of_the_source() -> dict[str, str]:
    table = SOURCE.partition("new Map([")[2].partition("]);")[0]
    return dict(re.findall(r"\['(\w+)', '(\w+)'\]", table))


def test_sdk_maps_codes_as_documented() -> None:
    assert mapping_of_the_source() == documented_mapping()


def test_sdk_maps_codes_that_the_server_has() -> None:
    assert set(mapping_of_the_source()) <= {code.value for code in ErrorCode}


def test_documentation_names_only_server_codes_that_exist() -> None:
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", REFERENCE)

    assert set(named) <= {code.value for code in ErrorCode}


def test_every_code_of_the_sdk_is_documented() -> None:
    codes = re.findall(r"'([A-Z]+_[A-Z_]+|TIMEOUT)'", SOURCE.partition("*/")[2].partition("*/")[0])

    assert len(codes) == 7
    assert [code for code in codes if f"| `{code}` |" not in REFERENCE] == []
