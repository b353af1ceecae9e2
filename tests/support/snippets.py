"""The code in the documentation: its blocks, and what is in backticks, as CommonMark has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@dataclass(frozen=True, slots=True)
class Snippet:
    """A block of code, and under which heading it stands; `page` is relative to the repository."""

    page: str
    line: int
    language: str
    heading: str
    text: str


@cache
def all_snippets() -> Sequence[Snippet]:
    """Return every block of every page that says its language, in order."""
    return [snippet for page in PAGES for snippet in _snippets(page)]


def snippets(*languages: str, pages: Iterable[str] = ()) -> list[Snippet]:
    """Return the blocks of these languages, of `pages` or of all of them."""
    return [
        snippet
        for snippet in all_snippets()
        if snippet.language in languages and (not pages or snippet.page in pages)
    ]


def cases(found: Iterable[Snippet]) -> list[Any]:
    """Return snippets as parameters of a test, named by page and line."""
    return [pytest.param(each, id=f"{Path(each.page).name}:{each.line}") for each in found]


def words_in_backticks() -> list[tuple[str, str]]:
    """Return what stands between backticks in the text of the pages, each with its page."""
    return [
        (str(page.relative_to(ROOT)), child.content)
        for page in PAGES
        for token in parse(page)
        for child in token.children or ()
        if child.type == "code_inline"
    ]


def parse(page: Path) -> list[Token]:
    """Return a page as what the server shows pages with understands it: CommonMark and tables."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))


def _snippets(page: Path) -> Iterator[Snippet]:
    heading = ""
    tokens = parse(page)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            heading = following.content
        if token.type == "fence":
            assert token.map is not None
            # The line of the code's first line, counted from 1.
            line = token.map[0] + 2
            yield Snippet(str(page.relative_to(ROOT)), line, token.info, heading, token.content)
