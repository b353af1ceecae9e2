"""docs/sdk-reference.md is whole: each public name, each member, and a sentence for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.declarations import exported_names, read_declarations

PAGE = (Path(__file__).parents[2] / "docs" / "sdk-reference.md").read_text("utf-8")
KNOWN = read_declarations()
SHOWN = [name for name in KNOWN if f"\n## {name}\n" in PAGE]


@pytest.mark.parametrize("name", exported_names())
def test_each_public_name_has_a_section(name: str) -> None:
    assert name in SHOWN


@pytest.mark.parametrize("name", SHOWN)
def test_each_member_is_explained(name: str) -> None:
    members = [member for member in KNOWN[name].members if member.name != "constructor"]

    assert [member.name for member in members if not member.description] == []


@pytest.mark.parametrize("method", ["publish", "subscribe", "call", "close", "muteAudio", "on"])
def test_each_documented_method_is_found(method: str) -> None:
    assert f"\n### `{method}()`\n" in PAGE


def test_options_are_gathered_from_their_parts() -> None:
    section = PAGE.partition("\n## CallOptions\n")[2].partition("\n## ")[0]

    rows = ("token", "stream?", "video?", "audio?", "element", "localElement?", "signal?")
    assert [name for name in rows if f"| `{name}` |" not in section] == []


def test_no_comment_mark_is_left() -> None:
    assert "*/" not in PAGE
    assert "@param" not in PAGE
