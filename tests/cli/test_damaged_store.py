"""A file of the store that does not parse: one sentence that names it, and the file untouched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from liverelay.store.records import RoomType
from liverelay.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.command import Command

# Every content on every file is tried where that is cheap, in tests/unit/store.
_SYNTAX = b"type = \n"
_MISSING_FIELD = b"# nothing else\n"
_WRONG_TYPE = b"type = 5\ntoken_secret = 5\n"
_EMPTY = b""
_BINARY = bytes(range(256))


def _key(store: Store) -> Path:
    return store.keys.directory / f"{store.keys.list()[0].key_id}.toml"


def _room(store: Store) -> Path:
    return store.rooms.directory / f"{store.rooms.list()[0].room_id}.toml"


def _secret(store: Store) -> Path:
    return store.directory / "secret.toml"


def _commands(path: Path, room_id: str) -> dict[str, list[list[str]]]:
    """Return the commands that need `path`, by the directory or name that it goes by."""
    return {
        "keys": [
            ["keys", "list"],
            ["keys", "revoke", path.stem],
            ["token", room_id, "--role", "call", "--key-id", path.stem],
            ["serve"],
        ],
        "rooms": [
            ["rooms", "list"],
            ["rooms", "show", path.stem],
            ["rooms", "delete", path.stem],
            ["token", path.stem, "--role", "call"],
            ["serve"],
        ],
        "secret": [
            ["rooms", "create", "--json"],
            ["token", room_id, "--role", "call"],
            ["serve"],
        ],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("find", "content"),
    [
        (_key, _SYNTAX),
        (_key, _EMPTY),
        (_room, _MISSING_FIELD),
        (_room, _BINARY),
        (_secret, _WRONG_TYPE),
        (_secret, _EMPTY),
    ],
)
def test_damaged_file_is_named_by_every_command_that_needs_it(
    command: Command, find: Callable[[Store], Path], content: bytes
) -> None:
    store = Store(command.data_dir)
    store.token_secret()
    store.keys.create("app")
    room_id = store.rooms.create(RoomType.CALL).room_id
    path = find(store)
    path.write_bytes(content)
    place = "secret" if path == _secret(store) else path.parent.name

    for arguments in _commands(path, room_id)[place]:
        port = ["--port", "0", "--host", "127.0.0.1"] if arguments == ["serve"] else []
        result = command.run(*arguments, *port)
        assert (result.returncode, result.stdout) == (1, ""), arguments
        assert re.fullmatch(
            rf"error: {re.escape(str(path))} is damaged \(.+\); repair it [^\n]+\n", result.stderr
        )

    assert path.read_bytes() == content


def test_damaged_file_does_not_hinder_commands_that_do_not_need_it(command: Command) -> None:
    store = Store(command.data_dir)
    store.keys.create("app")
    room = store.rooms.create(RoomType.CALL)
    path = _key(store)
    path.write_bytes(b"damaged")

    assert command.output("rooms", "list", "-q") == room.room_id
    assert command.output("keys", "create", "other").startswith("lr_")

    assert path.read_bytes() == b"damaged"
