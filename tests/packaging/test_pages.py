"""The pages must work below `Content-Security-Policy: default-src 'self'`, and offline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import liverelay

PAGES = Path(liverelay.__file__).parent / "server" / "pages"
FOLDERS = ("dashboard", "examples", "shared")
FILES = sorted(path for folder in FOLDERS for path in (PAGES / folder).iterdir())
HTML = [path for path in FILES if path.suffix == ".html"]
EXAMPLES = [path for path in FILES if path.match("examples/*.js")]

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|data:")
ADDRESS = re.compile(r"https?://(?!localhost\b)(?!www\.w3\.org/2000/svg)[^\s'\"]+")
REFERENCE = re.compile(r"""(?:src|href)="([^"#]+)"|from '(\.[^']+)'""")

# What the SDK has beyond the documented surface; the examples show that surface alone.
UNDOCUMENTED = ("waitForPublisher", "switchCamera", "startScreenShare", ".stats(", "session.on(")

LINES_AT_MOST = 400


def name_of(path: Path) -> str:
    return path.relative_to(PAGES).as_posix()


@pytest.mark.parametrize("page", HTML, ids=name_of)
def test_page_has_no_inline_script_or_style(page: Path) -> None:
    assert INLINE.findall(page.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_page_names_no_other_host(file: Path) -> None:
    assert ADDRESS.findall(file.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_everything_a_page_refers_to_is_there(file: Path) -> None:
    names = {first or second for first, second in REFERENCE.findall(file.read_text())}

    missing = {name for name in names if not (file.parent / name).exists()}
    assert missing <= {"../static/liverelay.js", "../docs/"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_file_is_not_long(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LINES_AT_MOST


@pytest.mark.parametrize("script", EXAMPLES, ids=name_of)
def test_example_uses_documented_sdk_calls_only(script: Path) -> None:
    text = script.read_text()

    assert [name for name in UNDOCUMENTED if name in text] == []
