"""What holds for every page: links lead somewhere, tables are even, the contents have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liverelay.server.documentation.manual import Manual
from liverelay.server.documentation.sections import split_sections

_ROOT = Path(__file__).parents[2]
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get, here and from the usual Markdown viewers."""
    return {section.anchor for section in split_sections(page.read_text("utf-8"))}


def _links() -> list[tuple[Path, str]]:
    return [
        (page, link)
        for page in _PAGES
        for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
        if "://" not in link and not link.startswith("mailto:")
    ]


@pytest.mark.parametrize(
    ("page", "link"), _links(), ids=lambda item: item.name if isinstance(item, Path) else item
)
def test_relative_link_leads_somewhere(page: Path, link: str) -> None:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page

    assert path.exists()
    assert not anchor or anchor in _anchors(path)


def test_the_contents_list_each_page_once_but_the_decisions() -> None:
    manual = Manual(_ROOT)

    listed = [entry.path for entries in manual.groups().values() for entry in entries]

    single = [path for path in manual.paths() if "adr/0" not in path and path != "docs/README.md"]
    assert sorted(listed) == sorted(single)


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_each_row_of_a_table_has_a_cell_for_each_column(page: Path) -> None:
    text = _CODE.sub("", page.read_text("utf-8"))
    tables = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)

    uneven = [
        row
        for table in map(str.splitlines, tables)
        for row in table
        if _cells(row) != _cells(table[0])
    ]

    assert uneven == []
