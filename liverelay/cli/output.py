"""What commands print: plain results into a pipe, tables and hints on a terminal.

The result alone goes to standard output, so that `KEY=$(liverelay keys create app)` works; hints
and errors go to standard error.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.errors import RefusedError


def is_terminal() -> bool:
    return sys.stdout.isatty()


def print_result(text: str) -> None:
    print(text)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_hint(text: str) -> None:
    """Tell a person at a terminal what to do next; scripts never see it."""
    if is_terminal():
        print(text, file=sys.stderr)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows as a table on a terminal, else as tab-separated lines without a heading."""
    if not is_terminal():
        for row in rows:
            print("\t".join(str(cell) for cell in row))
        return
    if not rows:
        print_hint(empty)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def print_fields(fields: Sequence[tuple[str, object]]) -> None:
    """Print one thing as lines of name and value; never wrapped, so that tokens can be copied."""
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        print(f"{name:<{width}}  {value}" if is_terminal() else f"{name}\t{value}")


def print_refusal(error: RefusedError) -> None:
    print(f"error: {error.code.value}: {error.message}", file=sys.stderr)


def print_error(text: str) -> None:
    print(f"error: {text}", file=sys.stderr)
