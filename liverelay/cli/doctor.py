"""`liverelay doctor`: what could keep media from flowing."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from liverelay.cli.options import with_settings
from liverelay.cli.output import is_terminal, print_json, print_result
from liverelay.config import Settings

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}

FindingsJsonOption = Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")]
FindingsQuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print warnings and failures only.")
]


@with_settings("port", "udp_port", "public_address", "tls_cert", "tls_key")
def doctor(
    settings: Settings, as_json: FindingsJsonOption = False, quiet: FindingsQuietOption = False
) -> None:
    """Check this machine for what keeps media from flowing; exit 1 if something does."""
    import asyncio

    from liverelay.server.doctor import Level, examine

    findings = asyncio.run(examine(settings))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            if not (quiet and finding.level is Level.OK):
                _print_finding(finding.level, finding.detail, finding.advice)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)


def _print_finding(level: str, detail: str, advice: str) -> None:
    if not is_terminal():
        print_result("\t".join((level, detail, advice)).rstrip("\t"))
        return
    mark, colour = _MARKS[level]
    typer.secho(f"{mark} {detail}", fg=colour, color=not os.environ.get("NO_COLOR"))
    if advice:
        print_result(f"  {advice}")
