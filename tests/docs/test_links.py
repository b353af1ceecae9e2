from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get from the usual Markdown viewers."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings)
    return {re.sub(r"\s", "-", word.strip()) for word in words}


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
