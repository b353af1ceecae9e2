"""The example pages must work below `Content-Security-Policy: default-src 'self'`, and offline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import liverelay

EXAMPLES = Path(liverelay.__file__).parent / "server" / "pages" / "examples"
PAGES = sorted(EXAMPLES.glob("*.html"))
FILES = sorted(path for path in EXAMPLES.iterdir() if path.is_file())

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|data:")
ADDRESS = re.compile(r"https?://(?!localhost\b)(?!www\.w3\.org/2000/svg)[^\s'\"]+")
REFERENCE = re.compile(r"""(?:src|href)="([^"#]+)"|from '\./([^']+)'""")

# What the SDK has beyond the documented surface; the pages show that surface alone.
UNDOCUMENTED = ("waitForPublisher", "switchCamera", "startScreenShare", ".stats(", "session.on(")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_page_has_no_inline_script_or_style(page: Path) -> None:
    assert INLINE.findall(page.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_example_names_no_other_host(file: Path) -> None:
    assert ADDRESS.findall(file.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_everything_an_example_refers_to_is_there(file: Path) -> None:
    names = {first or second for first, second in REFERENCE.findall(file.read_text())}

    missing = {name for name in names if not (EXAMPLES / name).exists()}
    assert missing <= {"../static/liverelay.js"}


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.js")), ids=lambda path: path.name)
def test_example_uses_documented_sdk_calls_only(script: Path) -> None:
    text = script.read_text()

    assert [name for name in UNDOCUMENTED if name in text] == []
