"""docs/sdk-reference.md: the public classes and types of the SDK."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.declarations import exported_names, read_declarations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.docs.declarations import Declaration, Member

_HEADS = Path(__file__).parent / "heads"


def render_sdk_reference() -> str:
    known = read_declarations()
    sections = [_section(known[name], known) for name in _shown(known)]
    return (_HEADS / "sdk-reference.md").read_text("utf-8") + "".join(sections)


def _shown(known: Mapping[str, Declaration]) -> Iterator[str]:
    """Give the exported names, each class with those that it extends before it."""
    seen: set[str] = set()
    for name in exported_names():
        chain: list[str] = []
        current = name
        while current in known and current not in seen:
            chain.append(current)
            seen.add(current)
            current = known[current].base or ""
        yield from reversed(chain)


def _section(declaration: Declaration, known: Mapping[str, Declaration]) -> str:
    lines = ["", f"## {declaration.name}", ""]
    if declaration.description:
        lines += [declaration.description, ""]
    if declaration.base in known:
        base = str(declaration.base)
        lines += [f"It has all that [`{base}`](#{base.lower()}) has" + _and_more(declaration), ""]
    if declaration.value and not declaration.value.startswith("{"):
        parts = [known[part] for part in declaration.value.split(" & ") if part in known]
        members = [member for part in parts for member in part.members]
        if not members:
            lines += [f"`{declaration.value}`", ""]
    else:
        members = list(declaration.members)
    lines += _value_table([member for member in members if not member.is_method])
    for member in members:
        if member.is_method and member.description:
            lines += _method(member, declaration.name, known)
    return "\n".join(lines).rstrip() + "\n"


def _and_more(declaration: Declaration) -> str:
    return ", and:" if declaration.members else "."


def _value_table(members: list[Member]) -> list[str]:
    if not members:
        return []
    rows = [
        f"| `{member.name}{'?' if member.is_optional else ''}` "
        f"| `{_type_of(member).replace('|', chr(92) + '|')}` | {member.description} |"
        for member in members
    ]
    return ["| name | type | meaning |", "|---|---|---|", *rows, ""]


def _method(member: Member, owner: str, known: Mapping[str, Declaration]) -> list[str]:
    is_constructor = member.name == "constructor"
    name = f"new {owner}" if is_constructor else member.name
    text = member.text.replace("constructor", name, 1) if is_constructor else member.text
    lines = [f"### `{name}()`", "", "```ts", text, "```", "", member.description, ""]
    items = [f"- `{parameter}`: {text}" for parameter, text in member.parameters.items()]
    mentioned = [word for word in re.findall(r"\w+", text) if word in known and word != owner]
    if mentioned:
        links = ", ".join(f"[`{word}`](#{word.lower()})" for word in dict.fromkeys(mentioned))
        items.append(f"- See {links}.")
    return [*lines, *items, ""] if items else lines


def _type_of(member: Member) -> str:
    text = member.text.partition(":")[2].strip()
    return text.replace("; }", " }")
