"""Which pages the documentation has, where each is served, and what stands around its text.

The Markdown is read where it is: in a checkout from the repository, in an installed package from
the copy that the wheel has of it. Both have the same shape, so that links between files hold.
"""

from __future__ import annotations

import html
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import liverelay
from liverelay.server.documentation.sections import plain_text, split_sections

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.server.documentation.sections import Section

_PACKAGE = Path(liverelay.__file__).parent
_TEMPLATE = _PACKAGE / "server" / "pages" / "docs" / "page.html"

# The page that lists the others, in the order in which to read them.
_CONTENTS = "docs/README.md"

# Pages for people who work on LiveRelay, which the repository keeps at its root.
_ROOT_PAGES = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")

# Which headings are listed beside the page: those below its title.
_LISTED_LEVEL = 2

_MARK = ' aria-current="page"'

_GROUP = re.compile(r"## (.+)")
_ENTRY = re.compile(r"- \[(.+?)\]\((\S+?)\).*")


def find_root() -> Path:
    """Return the directory whose `docs` is the documentation."""
    installed = _PACKAGE / "manual"
    return installed if installed.is_dir() else _PACKAGE.parent


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    title: str
    path: str


class Manual:
    """The documentation below one directory. Paths are relative to it, with slashes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self) -> list[str]:
        """Return the path of each page."""
        found = [*self._root.glob("docs/*.md"), *self._root.glob("docs/adr/*.md")]
        inside = sorted(path.relative_to(self._root).as_posix() for path in found)
        return inside + [name for name in _ROOT_PAGES if (self._root / name).is_file()]

    def attachments(self) -> list[str]:
        """Return the path of each image, and of each other file that pages offer."""
        patterns = ("docs/*.png", "docs/*.json", "docs/images/*")
        found = [path for pattern in patterns for path in self._root.glob(pattern)]
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def file(self, path: str) -> Path:
        return self._root / path

    def groups(self) -> dict[str, list[Entry]]:
        """Return the table of contents: the pages of each group, in order."""
        groups: dict[str, list[Entry]] = {}
        for line in self.file(_CONTENTS).read_text("utf-8").splitlines():
            if group := _GROUP.fullmatch(line):
                groups[group[1]] = []
            elif groups and (entry := _ENTRY.fullmatch(line)):
                path = posixpath.normpath(posixpath.join("docs", entry[2]))
                groups[next(reversed(groups))].append(Entry(entry[1], path))
        return groups

    def render(self, path: str) -> str:
        """Return a page as a whole HTML document."""
        from liverelay.server.documentation.markdown import render

        markdown = self.file(path).read_text("utf-8")
        sections = split_sections(markdown)
        known = {*self.paths(), *self.attachments()}
        title = plain_text(sections[0].heading)
        return Template(_TEMPLATE.read_text("utf-8")).substitute(
            title=html.escape(title),
            root=_relative("", path),
            navigation=self._navigation(path),
            sections=_list_sections(sections),
            content=render(markdown, lambda link: _resolve(link, path, known)),
            neighbours=self._neighbours(path),
        )

    def search_index(self) -> list[dict[str, str]]:
        """Return each section of each page: its address below `/docs/`, titles and words.

        In the order of the contents; pages that are not in them, such as decisions, come last.
        """
        listed = [entry.path for entries in self.groups().values() for entry in entries]
        index = []
        for path in dict.fromkeys([*listed, *self.paths()]):
            sections = split_sections(self.file(path).read_text("utf-8"))
            index += [
                {
                    "url": f"{served_at(path)}#{section.anchor}" if number else served_at(path),
                    "page": plain_text(sections[0].heading),
                    "heading": plain_text(section.heading),
                    "text": plain_text(section.text),
                }
                for number, section in enumerate(sections)
            ]
        return index

    def _navigation(self, current: str) -> str:
        return "\n".join(
            f"<h2>{html.escape(group)}</h2>\n<ul>\n{_list_entries(entries, current)}\n</ul>"
            for group, entries in self.groups().items()
        )

    def _neighbours(self, current: str) -> str:
        entries = [entry for entries in self.groups().values() for entry in entries]
        position = next((i for i, entry in enumerate(entries) if entry.path == current), None)
        if position is None:
            return ""
        before = entries[position - 1] if position else None
        after = entries[position + 1] if position + 1 < len(entries) else None
        return _link_to(before, current, "prev") + _link_to(after, current, "next")


def served_at(path: str) -> str:
    """Return the address of a page or an attachment, below `/docs/`."""
    if path in _ROOT_PAGES:
        path = path.lower()
    below = path.removeprefix("docs/").removesuffix(".md")
    return below.removesuffix("README")


def _relative(address: str, current: str) -> str:
    """Return a link to an address, from the page at `current`; it holds below any path prefix."""
    return "../" * served_at(current).count("/") + address or "./"


def _resolve(link: str, current: str, known: set[str]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or not parts.path:
        return link
    path = posixpath.normpath(posixpath.join(posixpath.dirname(current), parts.path))
    if path not in known:
        return None
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    return _relative(served_at(path), current) + anchor


def _list_sections(sections: Iterable[Section]) -> str:
    items = [
        f'<li><a href="#{section.anchor}">{html.escape(plain_text(section.heading))}</a></li>'
        for section in sections
        if section.level == _LISTED_LEVEL
    ]
    if not items:
        return ""
    return "<h2>On this page</h2>\n<ul>\n" + "\n".join(items) + "\n</ul>"


def _list_entries(entries: Iterable[Entry], current: str) -> str:
    return "\n".join(
        f'<li><a href="{_relative(served_at(entry.path), current)}"'
        f"{_MARK if entry.path == current else ''}>{html.escape(entry.title)}</a></li>"
        for entry in entries
    )


def _link_to(entry: Entry | None, current: str, relation: str) -> str:
    if entry is None:
        return ""
    address = _relative(served_at(entry.path), current)
    return f'<a rel="{relation}" href="{address}">{html.escape(entry.title)}</a>'
