"""The `liverelay` command: its parts, and how each failure ends it.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage. Never a traceback, unless asked for.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import liverelay
from liverelay.cli import doctor, health, keys, loadtest, rooms, serve, token
from liverelay.cli.output import (
    buffer_output,
    discard_output,
    flush_output,
    is_terminal,
    open_missing_streams,
    print_error,
    print_refusal,
    print_result,
)
from liverelay.errors import (
    ConfigError,
    ListenError,
    OutputError,
    ReaderGoneError,
    RefusedError,
    StoreError,
    UnreachableError,
)

TRACEBACK_VARIABLE = "LIVERELAY_TRACEBACK"

app = typer.Typer(
    name="liverelay",
    help="Live video made simple: a WebRTC SFU as a service.",
    # Of the help in a pipe, which would else cut off what the commands do.
    context_settings={"terminal_width": 120},
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(doctor.doctor)
app.command()(health.health)
app.command()(loadtest.loadtest)
app.add_typer(keys.app, name="keys")
app.add_typer(rooms.app, name="rooms")
app.command("token")(token.create_token)


def _print_version(*, asked: bool) -> None:
    if asked:
        print_result(f"liverelay {liverelay.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda asked: _print_version(asked=asked),
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    pass


def _run() -> int | None:
    """Run the command and return its exit code; boxes and hints are for terminals alone.

    Raises:
        TyperException: It was used wrongly, and Typer has no terminal to explain it on.
    """
    explains_errors = sys.stderr.isatty()
    app.rich_markup_mode = "rich" if is_terminal() else None
    for group in (app, keys.app, rooms.app):
        group.info.no_args_is_help = explains_errors
    code: int | None = app(standalone_mode=explains_errors)
    return code


def main() -> None:
    """Run the command line of this process and exit."""
    open_missing_streams()
    buffer_output()
    output = sys.stdout
    try:
        try:
            sys.exit(_run())
        finally:
            # Typer replaces it by one that is silent where the reader has gone, and ends with 1.
            sys.stdout = output
            flush_output()
    except typer.TyperException as error:
        print_error(error.format_message())
        sys.exit(error.exit_code)
    except RefusedError as error:
        print_refusal(error)
        sys.exit(1)
    except ConfigError as error:
        print_error(str(error))
        sys.exit(2)
    except (BrokenPipeError, ReaderGoneError):
        discard_output()
        sys.exit(0)
    except (StoreError, ListenError, UnreachableError, OutputError) as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        discard_output()
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        print_error(f"unexpected {type(error).__name__}: {error}")
        print_error(f"this is a bug; set {TRACEBACK_VARIABLE}=1 to see where")
        sys.exit(1)
