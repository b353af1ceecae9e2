"""A page of Markdown cut at its headings: what links lead to, and what the search looks through."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"(#{1,6}) +(.+?)(?: +#+)? *")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the Markdown up to the next one, whatever its level."""

    level: int
    heading: str
    anchor: str
    text: str


class Anchors:
    """Names the headings of one page as GitHub and editors do, so that links hold there too."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def name(self, heading: str) -> str:
        """Return the anchor of the page's next heading, given as Markdown."""
        words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
        anchor = re.sub(r"\s", "-", words)
        earlier = self._used.get(anchor, 0)
        self._used[anchor] = earlier + 1
        return f"{anchor}-{earlier}" if earlier else anchor


def split_sections(markdown: str) -> list[Section]:
    """Return the sections of a page; what stands before its first heading is left out."""
    found: list[tuple[re.Match[str], list[str]]] = []
    fenced = False
    for line in _COMMENT.sub("", markdown).splitlines():
        fenced ^= line.startswith(_FENCE)
        if not fenced and (heading := _HEADING.fullmatch(line)):
            found.append((heading, []))
        elif found:
            found[-1][1].append(line)
    anchors = Anchors()
    return [
        Section(len(heading[1]), heading[2], anchors.name(heading[2]), "\n".join(lines).strip())
        for heading, lines in found
    ]


def plain_text(markdown: str) -> str:
    """Return Markdown as one line of words, for the search to look through and to quote."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"^```.*$|^\|[-:| ]+\|$|^#+ |[*`|]", " ", text, flags=re.MULTILINE)
    return " ".join(text.split())
