"""Every command that the documentation names is one: its program, its options and their values.

Shell snippets are run with stand-ins for all programs, which note what they were called with; what
`liverelay` was called with is then read by the real command line.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml

from liverelay.cli.app import app
from liverelay.config import list_settings, load_settings
from tests.support.command import Command
from tests.support.snippets import ROOT, Snippet, cases, snippets, words_in_backticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# What a reader has, or is told to get.
PROGRAMS = (
    "curl", "docker", "git", "journalctl", "liverelay", "make", "npm", "openssl", "pip", "pipx",
    "python3", "sudo", "systemctl", "useradd",
)  # fmt: skip

# It notes each word behind a separator that no snippet has.
STAND_IN = r"""#!/bin/sh
printf '%s' "${0##*/}" >> "$CALLS"
for word; do printf '\037%s' "$word" >> "$CALLS"; done
printf '\036' >> "$CALLS"
echo printed
"""

# Options in the text that are Docker's.
OTHER_OPTIONS = {"--network", "--publish"}


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    directory = tmp_path / "stand-ins"
    directory.mkdir()
    for program in PROGRAMS:
        (directory / program).write_text(STAND_IN)
        (directory / program).chmod(0o755)
    return directory


def run(text: str, directory: Path, stand_ins: Path) -> list[list[str]]:
    """Return which programs a shell snippet calls, each with its arguments."""
    (directory / "liverelay").mkdir()  # for `cd liverelay`
    calls = directory / "calls"
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", text],
        cwd=directory,
        env={
            "PATH": str(stand_ins),
            "HOME": str(directory),
            "CALLS": str(calls),
            **dict.fromkeys(("SERVER", "KEY", "ROOM", "TOKEN", "SESSION", "PEER"), "value"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    noted = calls.read_text() if calls.exists() else ""
    return [call.split("\037") for call in noted.split("\036")[:-1]]


def arguments_of(call: Sequence[str]) -> list[str] | None:
    """Return what `liverelay` is called with, also by way of others; None if it is not."""
    program, *arguments = call
    if program.rpartition("/")[2] == "liverelay":
        return arguments
    if program == "sudo":
        return arguments_of(arguments[2:])  # behind `-u` and the user
    if program == "docker" and arguments[0] in {"run", "exec"}:
        # The image and the container have the name of the command, and come before it.
        words = arguments[::-1]
        return words[: words.index("liverelay")][::-1]
    return None


def parse(arguments: Sequence[str]) -> Any:
    """Return the context of the command that `arguments` are for; a wrong one is an error."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("liverelay", list(arguments))
    while getattr(command, "commands", None):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def check_values(values: Mapping[str, Any], environment: Mapping[str, str], empty: Path) -> None:
    """Hold the settings among a command's values to what settings may be."""
    empty.touch()
    names = [setting.name for setting in list_settings() if setting.name in values]
    load_settings(
        config_file=empty,
        flags={name: values[name] for name in names},
        environment=environment,
    )


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def all_options() -> set[str]:
    """Return every option of every command."""

    def within(command: Any) -> Iterator[str]:
        for parameter in command.params:
            yield from parameter.opts
        for subcommand in getattr(command, "commands", {}).values():
            yield from within(subcommand)

    return {"--help", *within(typer.main.get_command(app))}


@pytest.mark.parametrize("snippet", cases(snippets("sh")))
def test_shell_snippet_calls_what_exists(snippet: Snippet, tmp_path: Path, stand_ins: Path) -> None:
    text = snippet.text.replace("/opt/liverelay/bin/pip", "pip")
    text = text.replace("<this repository>", "repository")

    for call in run(text, tmp_path, stand_ins):
        arguments = arguments_of(call)
        if arguments is not None:
            secret = re.search(r"LIVERELAY_WEBHOOK_SECRET=", text)
            environment = {"LIVERELAY_WEBHOOK_SECRET": "0123456789abcdef"} if secret else {}
            check_values(parse(arguments).params, environment, tmp_path / "empty.toml")
        if call[0] == "make":
            assert {word for word in call[1:] if "=" not in word} <= make_targets()


def test_example_of_the_command_line_makes_key_room_and_token(tmp_path: Path) -> None:
    (example,) = snippets("sh", pages=["docs/cli.md"])

    done = Command.install(tmp_path).shell(f'set -eu\n{example.text}\necho "$KEY $ROOM $TOKEN"')

    assert re.fullmatch(r"lr_[0-9a-f]{32} [0-9a-f-]{36} eyJ\S+\n", done.stdout), done.stderr


def commands_elsewhere() -> list[str]:
    """Return the commands in files that others start the server from."""
    units = [re.findall(r"^ExecStart=(.*)", each.text, re.MULTILINE) for each in snippets("ini")]
    services = [yaml.safe_load(each.text).get("services", {}) for each in snippets("yaml")]
    composed = [f"liverelay {service['command']}" for each in services for service in each.values()]
    return [*sum(units, []), *composed]


@pytest.mark.parametrize("command", commands_elsewhere())
def test_service_and_container_start_what_exists(command: str, tmp_path: Path) -> None:
    arguments = arguments_of(shlex.split(command))

    assert arguments is not None
    check_values(parse(arguments).params, {}, tmp_path / "empty.toml")


def test_commands_of_service_and_container_are_found() -> None:
    assert len(commands_elsewhere()) == 2


MENTIONED = sorted({words for _, words in words_in_backticks()})


@pytest.mark.parametrize(
    "words", [w for w in MENTIONED if re.match(r"(docker exec liverelay )?liverelay ", w)]
)
def test_command_in_the_text_exists(words: str) -> None:
    arguments = arguments_of(shlex.split(words))
    assert arguments is not None
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]

    # Where only its name is mentioned, its arguments may be missing.
    if rest in (["--help"], ["--version"]):
        assert rest[0] in all_options()
    elif rest:
        assert parse(arguments).command.name == command.name


@pytest.mark.parametrize("words", [w for w in MENTIONED if w.startswith("make ")])
def test_make_target_in_the_text_exists(words: str) -> None:
    assert words.split()[1] in make_targets()


@pytest.mark.parametrize("words", [w for w in MENTIONED if w.startswith("--")])
def test_option_in_the_text_exists(words: str) -> None:
    assert words.split()[0] in all_options() | OTHER_OPTIONS
