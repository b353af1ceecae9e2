"""What a person at a terminal sees: tables, hints and colours, of which a pipe gets none."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import filelock
import pytest

from liverelay.store import files
from liverelay.store.records import Room, RoomType
from liverelay.store.store import Store
from liverelay.utc import utc_now

if TYPE_CHECKING:
    from tests.support.command import Command

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_COLOURS = re.compile(r"\x1b\[(?:\d+;)*[349]\d")


def _plain(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in _ESCAPES.sub("", text).splitlines()]


def test_created_key_comes_with_a_hint(command: Command) -> None:
    code, shown = command.on_terminal("keys", "create", "app")

    assert code == 0
    assert re.fullmatch(r"lr_[0-9a-f]{32}\nKeep it safe: it is not shown again\.\n", shown)


def test_created_room_comes_with_its_tokens(command: Command) -> None:
    _, broadcast = command.on_terminal("rooms", "create")
    _, call = command.on_terminal("rooms", "create", "--type", "call")

    assert [line[0] for line in _plain(broadcast)[:-1]] == ["id", "type", "publish", "subscribe"]
    assert [line[0] for line in _plain(call)[:-1]] == ["id", "type", "caller", "callee"]
    assert broadcast.endswith("--role subscribe\n")
    assert call.endswith("--role call\n")


def test_keys_are_a_table(command: Command) -> None:
    key = command.output("keys", "create", "my [/] app")

    _, shown = command.on_terminal("keys", "list")

    heading, row = _plain(shown)
    assert heading == ["KEY ID", "CREATED", "NAME"]
    assert (row[0], row[2]) == (key[:8], "my [/] app")


def test_narrow_terminal_cuts_nothing_off(command: Command) -> None:
    name = "a long name " * 8 + "end"
    key = command.output("keys", "create", name)
    room_id = command.output("rooms", "create")

    _, keys = command.on_terminal("keys", "list", columns=40)
    _, rooms = command.on_terminal("rooms", "list", columns=40)

    assert key[:8] in keys
    assert name in keys
    assert room_id in rooms
    assert "…" not in keys + rooms


def test_rooms_fit_a_terminal_of_80_columns(command: Command) -> None:
    store = Store(command.data_dir)
    command.output("rooms", "create")
    for number, age in enumerate((timedelta(seconds=150), timedelta(hours=5), timedelta(days=90))):
        room_id = f"8271274b-fc62-4b73-98c5-{number:012x}"
        room = Room(room_id, RoomType.BROADCAST, utc_now() - age)
        files.write_record(store.rooms.directory / f"{room_id}.toml", "It.", room.to_record())

    _, shown = command.on_terminal("rooms", "list")

    heading, *rows = _plain(shown)
    assert heading == ["ROOM", "TYPE", "PUBLISHERS", "SUBSCRIBERS", "AGE"]
    assert [row[-1] for row in rows[:3]] == ["90d", "5h", "2m"]
    assert re.fullmatch(r"\ds", rows[3][-1])
    assert max(len(line) for line in _ESCAPES.sub("", shown).splitlines()) <= 80


def test_shown_room_is_lines_of_name_and_value(command: Command) -> None:
    room_id = command.output("rooms", "create")

    _, shown = command.on_terminal("rooms", "show", room_id)

    assert _plain(shown)[:3] == [
        ["room_id", room_id],
        ["room_type", "broadcast"],
        ["publisher_count", "0"],
    ]


def test_empty_lists_say_what_to_do(command: Command) -> None:
    _, keys = command.on_terminal("keys", "list")
    _, rooms = command.on_terminal("rooms", "list")

    assert keys == "No API keys. Create one: liverelay keys create NAME\n"
    assert rooms == "No rooms. Create one: liverelay rooms create\n"


def test_deleting_and_revoking_are_confirmed(command: Command) -> None:
    room_id = command.output("rooms", "create")
    key = command.output("keys", "create", "app")

    assert command.on_terminal("rooms", "delete", room_id) == (0, f"Deleted {room_id}.\n")
    assert command.on_terminal("keys", "revoke", key[:8]) == (0, f"Revoked {key[:8]} (app).\n")


def test_quiet_and_json_are_the_same_as_in_a_pipe(command: Command) -> None:
    command.output("keys", "create", "app")

    for option in ("-q", "--json"):
        _, shown = command.on_terminal("keys", "list", option)
        assert shown.rstrip("\n") == command.output("keys", "list", option)


@pytest.mark.parametrize("arguments", [["--help"], ["keys", "list"], ["keys", "create"]], ids=str)
def test_no_color_means_no_colour(command: Command, arguments: list[str]) -> None:
    command.output("keys", "create", "app")

    _, shown = command.where(NO_COLOR="1").on_terminal(*arguments)

    assert shown
    assert not _COLOURS.search(shown)


def test_help_and_wrong_usage_are_coloured(command: Command) -> None:
    _, shown = command.on_terminal("--help")
    code, refused = command.on_terminal("keys", "create")

    assert _COLOURS.search(shown)
    assert _COLOURS.search(refused)
    assert code == 2


def test_a_command_that_is_missing_brings_up_the_help(command: Command) -> None:
    code, shown = command.on_terminal("keys")

    assert code == 2
    assert _COLOURS.search(shown)
    assert "Create, list and revoke API keys." in _ESCAPES.sub("", shown)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux's /proc")
def test_interrupt_ends_a_command_quietly(command: Command) -> None:
    command.data_dir.mkdir(parents=True)
    lock = command.data_dir / ".lock"
    with (
        filelock.FileLock(lock),
        subprocess.Popen(
            [sys.executable, "-m", "liverelay", "keys", "create", "app"],
            env=command.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As at a terminal: what a shell runs in the background ignores interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        while not _has_open(process.pid, str(lock)):
            pass
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()

    assert (process.returncode, output, errors) == (130, "", "")
    assert Store(command.data_dir).keys.list() == []


def _has_open(pid: int, path: str) -> bool:
    try:
        return path in {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    except FileNotFoundError:
        return False  # Closed between the listing and the look.
