"""docs/errors.md has every code of the server and of the SDK, and no other."""

from __future__ import annotations

import tomllib
from pathlib import Path

from liverelay.errors import ErrorCode
from tests.docs.errors_page import sdk_code_of_server_code, sdk_codes

DOCS = Path(__file__).parents[2] / "docs"
TEXTS = tomllib.loads((Path(__file__).parent / "heads" / "errors.toml").read_text("utf-8"))


def test_each_code_of_the_server_is_explained_and_no_other() -> None:
    assert set(TEXTS["server"]) == {code.value for code in ErrorCode}


def test_each_code_of_the_sdk_is_explained_and_no_other() -> None:
    assert set(TEXTS["sdk"]) == set(sdk_codes())


def test_the_sdk_has_the_documented_codes() -> None:
    assert set(sdk_codes()) == {
        "AUTH_ERROR",
        "NETWORK_ERROR",
        "MEDIA_ERROR",
        "TIMEOUT",
        "SERVER_ERROR",
        "ROOM_NOT_FOUND",
        "ROOM_FULL",
    }


def test_the_sdk_maps_codes_that_the_server_has() -> None:
    assert set(sdk_code_of_server_code()) <= {code.value for code in ErrorCode}
    assert set(sdk_code_of_server_code().values()) <= set(sdk_codes())
