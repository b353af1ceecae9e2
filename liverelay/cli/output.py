"""What commands print: plain results into a pipe, tables and hints on a terminal.

The result alone goes to standard output, so that `KEY=$(liverelay keys create app)` works; hints
and errors go to standard error.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING

from liverelay.errors import OutputError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.errors import RefusedError

# Wider than the longest row there is: a name of 200 double-width characters and the columns beside.
_ANY_WIDTH = 1000


def is_terminal() -> bool:
    return sys.stdout.isatty()


def print_result(text: str) -> None:
    """Print a result.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        print(text)
    except OSError as error:
        raise _output_error(error) from None


def open_missing_streams() -> None:
    """Let results and errors go nowhere if the process was started without the place for them.

    Python has None for a stream that is closed (`>&-`), and would print errors among the results.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open until the end)


def buffer_output() -> None:
    """Keep output back also where PYTHONUNBUFFERED asks for the opposite.

    What Typer fails to print of its help then stays in the buffer, and fails once more in
    `flush_output`, where it is known for what it is.
    """
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115  (open until the end)
            sys.stdout.fileno(),
            "w",
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
            closefd=False,
        )


def flush_output() -> None:
    """Write what is still kept back.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _output_error(error) from None


def _output_error(error: OSError) -> OutputError:
    # An error of ours, because Typer ends at a broken pipe with 1 as if something had been refused.
    discard_output()
    kind = ReaderGoneError if isinstance(error, BrokenPipeError) else OutputError
    return kind(f"standard output cannot be written: {error.strerror}")


def discard_output() -> None:
    """Stop writing: the reader of the pipe has enough (`liverelay rooms list | head -1`).

    Without this Python complains once more when it flushes standard output at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(value: object) -> None:
    print_result(json.dumps(value, indent=2, ensure_ascii=False))


def print_hint(text: str) -> None:
    """Tell a person at a terminal what to do next; scripts never see it."""
    if is_terminal():
        print(text, file=sys.stderr)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows as a table on a terminal, else as tab-separated lines without a heading."""
    if not is_terminal():
        for row in rows:
            print_result("\t".join(str(cell) for cell in row))
        return
    if not rows:
        print_hint(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        # Text, because a string would be read as markup: a key may be named "[/]".
        table.add_row(*(Text(str(cell)) for cell in row))
    # Lines longer than the terminal are its to wrap: cut off, an id could not be copied.
    Console(width=_ANY_WIDTH).print(table)


def print_fields(fields: Sequence[tuple[str, object]]) -> None:
    """Print one thing as lines of name and value; never wrapped, so that tokens can be copied."""
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        print_result(f"{name:<{width}}  {value}" if is_terminal() else f"{name}\t{value}")


def print_refusal(error: RefusedError) -> None:
    print(f"error: {error.code.value}: {error.message}", file=sys.stderr)


def print_warning(text: str) -> None:
    """Tell people and scripts alike what may be wrong with the result."""
    print(f"warning: {text}", file=sys.stderr)


def print_error(text: str) -> None:
    print(f"error: {text}", file=sys.stderr)
