"""docs/glossary.md has the words that the HTTP API uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from liverelay.store.records import RoomType
from liverelay.tokens import Role

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")


@pytest.mark.parametrize("word", [*RoomType, *Role, "caller", "callee", "key_id"])
def test_each_value_of_the_api_is_explained(word: str) -> None:
    assert f"`{word}`" in PAGE
