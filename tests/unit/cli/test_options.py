"""What `--help` says of options that several commands have."""

from __future__ import annotations

from typing import Any

import typer

from liverelay.cli.app import app


def _helps(command_name: str) -> dict[str, str]:
    group: Any = typer.main.get_command(app)
    return {
        option: parameter.help
        for parameter in group.commands[command_name].params
        for option in parameter.opts
    }


def test_doctor_has_its_own_words_for_what_it_prints() -> None:
    # It has neither ids nor a request of the REST API.
    helps = _helps("doctor")

    assert helps["--json"] == "Print the findings as JSON."
    assert helps["--quiet"] == helps["-q"] == "Print warnings and failures only."
