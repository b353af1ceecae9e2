"""Writes the reference pages that follow from the code: `python -m tests.docs.generate`.

What is written by hand of them is in `heads/`. The rest is rendered from the settings and from the
tree of commands, not from what `--help` prints, which depends on the terminal and on the version of
the library that draws it.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from liverelay.cli.app import app
from liverelay.config import list_settings
from liverelay.setting import Kind, Setting
from tests.docs.errors_page import render_errors
from tests.docs.sdk_page import render_sdk_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
_HEADS = Path(__file__).parent / "heads"

_WIDTH = 96


def render_config() -> str:
    """Return docs/config.md."""
    settings = list_settings()
    rows = "".join(
        f"| [`{setting.name}`](#{setting.name}) | `{setting.flag}` | `{setting.environment}` "
        f"| {_default(setting)} |\n"
        for setting in settings
    )
    sections = "".join(
        f"\n## {setting.name}\n\n{textwrap.fill(setting.help, 100)}\n\n{_facts(setting)}\n"
        for setting in settings
    )
    return (_HEADS / "config.md").read_text("utf-8") + rows + sections


def _default(setting: Setting) -> str:
    if setting.name == "data_dir":
        return setting.default_text
    return f"`{setting.default_text}`" if setting.default_text else "not set"


def _facts(setting: Setting) -> str:
    match setting.kind:
        case Kind.CHOICE:
            assert setting.choices is not None
            return "One of " + ", ".join(f"`{choice}`" for choice in setting.choices) + "."
        case Kind.INTEGER:
            low = setting.minimum or 0
            high = f" to {setting.maximum}" if setting.maximum is not None else " or more"
            return f"A whole number, {low}{high}."
        case Kind.LIST:
            return "A list."
        case Kind.PATH:
            return "A path."
        case Kind.ADDRESS:
            return "An IP address or a DNS name."
        case Kind.ENDPOINT:
            return "`HOST:PORT`, an IPv6 address in brackets."
        case Kind.URL:
            return "A URL of `http` or `https`, without user name and password."
        case Kind.SECRET:
            return (
                "A string of 16 to 512 letters, digits or `._~+/=-`. Other users of the machine "
                "can see flags; give it in the environment or the file."
            )


def render_cli() -> str:
    """Return docs/cli.md."""
    sections = _sections(typer.main.get_command(app), "liverelay")
    return (_HEADS / "cli.md").read_text("utf-8") + "".join(sections)


# Any: the library vendors the classes of its commands and promises none of their names.
def _sections(command: Any, path: str) -> Iterator[str]:
    subcommands = getattr(command, "commands", {})
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    usage = " ".join(
        [path, "COMMAND" if subcommands else "", *(item.metavar for item in arguments), "[OPTIONS]"]
    )
    options = [item for item in command.params if item.param_type_name == "option"]
    entries = [(item.metavar, item.help) for item in arguments]
    entries += [(_spelling(item), item.help) for item in options]
    width = max((len(left) for left, _ in entries), default=0) + 4
    lines = [line for left, text in entries for line in _entry(left, text, width)]
    block = "\n".join([" ".join(usage.split()), "", *lines]).rstrip()
    yield f"\n## {path}\n\n{command.help}\n\n```text\n{block}\n```\n"
    for name, subcommand in subcommands.items():
        yield from _sections(subcommand, f"{path} {name}")


def _spelling(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag else f"{names} {option.metavar}"


def _entry(left: str, text: str, width: int) -> list[str]:
    first, *rest = textwrap.wrap(text, _WIDTH - width)
    return [f"  {left:<{width - 2}}{first}", *(" " * width + line for line in rest)]


def render_decisions() -> str:
    """Return docs/adr/README.md, the list of the decisions beside it."""
    pages = sorted((DOCS / "adr").glob("[0-9]*.md"))
    titles = [page.read_text("utf-8").partition("\n")[0].removeprefix("# ") for page in pages]
    rows = [f"- [{title}]({page.name})\n" for title, page in zip(titles, pages, strict=True)]
    return (_HEADS / "decisions.md").read_text("utf-8") + "".join(rows)


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        DOCS / "config.md": render_config(),
        DOCS / "cli.md": render_cli(),
        DOCS / "errors.md": render_errors(),
        DOCS / "sdk-reference.md": render_sdk_reference(),
        DOCS / "adr" / "README.md": render_decisions(),
    }


if __name__ == "__main__":
    for page, content in pages().items():
        page.write_text(content, "utf-8")
