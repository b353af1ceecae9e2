"""Reads the SDK's type declarations, as far as its reference needs: names, types and comments.

They are written by the TypeScript compiler from the JSDoc of the sources, in one fixed form, with
four spaces before each member. So a few patterns are enough, and the compiler need not be there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import liverelay

_TYPES = Path(liverelay.__file__).parent / "sdk_js" / "types"

_COMMENT = r"/\*\*(?:(?!\*/).)*\*/\s*"
_DECLARATION = re.compile(
    rf"(?P<comment>{_COMMENT})?export (?:declare )?(?:"
    r"type (?P<type>\w+) = (?P<value>\{.*?^\}|[^;]*);"
    r"|class (?P<class>\w+)(?: extends (?P<base>\w+))? \{(?P<body>.*?)^\}"
    r")",
    re.DOTALL | re.MULTILINE,
)
_MEMBER = re.compile(
    rf"^    (?P<comment>{_COMMENT})?(?P<text>[a-z][^\n]*(?:\n {{8}}[^\n]*|\n    \}}[^\n]*)*);$",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_IMPORT = re.compile(r"import\([^)]*\)\.")


@dataclass(frozen=True, slots=True)
class Member:
    """A property or method: `text` is its declaration, `parameters` are those with a comment."""

    text: str
    description: str
    parameters: dict[str, str]

    @property
    def name(self) -> str:
        found = re.match(r"(?:get |static )*(\w+)", self.text)
        assert found is not None
        return found[1]

    @property
    def is_method(self) -> bool:
        return re.match(r"\w+(<[^>]*>)?\(", self.text) is not None

    @property
    def is_optional(self) -> bool:
        return self.text.startswith(f"{self.name}?")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A class or a type. `value` is a type as it is written; empty for classes."""

    name: str
    description: str
    base: str | None
    members: tuple[Member, ...]
    value: str


def read_declarations() -> dict[str, Declaration]:
    """Return every declaration of the SDK by its name."""
    found: dict[str, Declaration] = {}
    for file in sorted(_TYPES.glob("*.d.ts")):
        if file.name == "index.d.ts":
            continue
        text = _IMPORT.sub("", file.read_text("utf-8"))
        for match in _DECLARATION.finditer(text):
            # The comment at the top of a file is about the module.
            comment = match["comment"] or "" if match.start() else ""
            name = match["type"] or match["class"]
            body = match["body"] if match["class"] else match["value"]
            members = tuple(_read_members(body)) if match["class"] or "{\n" in body else ()
            value = "" if match["class"] else " ".join(body.split())
            found[name] = Declaration(
                name, _split_comment(comment)[0], match["base"], members, value
            )
    return found


def exported_names() -> list[str]:
    """Return the public names, classes first, in the order of index.js."""
    index = (_TYPES / "index.d.ts").read_text("utf-8")
    classes = re.findall(r"^export \{ (\w+) \}", index, re.MULTILINE)
    return classes + re.findall(r"^export type (\w+)", index, re.MULTILINE)


def _read_members(body: str) -> list[Member]:
    members = []
    for match in _MEMBER.finditer(body):
        description, parameters = _split_comment(match["comment"] or "")
        members.append(Member(" ".join(match["text"].split()), description, parameters))
    return members


def _split_comment(comment: str) -> tuple[str, dict[str, str]]:
    """Return the text of a comment, and what it says of each parameter."""
    lines = re.sub(r"^\s*/\*\*|^\s*\* ?(?!/)|\*/\s*$", "", comment, flags=re.MULTILINE)
    text, *tags = re.split(r"(?<!\S)@(?=[a-z])", lines)
    parameters = {}
    for tag in tags:
        if found := re.match(r"param \{.*?\} \[?(\w+)\]?\s+(\S.*)", tag, re.DOTALL):
            parameters[found[1]] = " ".join(found[2].split())
    return " ".join(text.split()), parameters
