"""The commands on the store, as the processes that scripts start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import jwt
import pytest

from liverelay.store.records import RoomType
from liverelay.store.store import Store

if TYPE_CHECKING:
    from tests.support.command import Command

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NOBODY = "8271274b-fc62-4b73-98c5-40e28b7a1b81"


def _claims(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def test_results_can_be_captured_by_a_shell(command: Command) -> None:
    script = """
        set -e
        KEY=$(liverelay keys create app)
        ROOM=$(liverelay rooms create --type call)
        TOKEN=$(liverelay token "$ROOM" --role call)
        printf '%s\\n' "$KEY" "$ROOM" "$TOKEN"
    """

    result = command.shell(script)

    assert result.stderr == ""
    key, room_id, token = result.stdout.splitlines()
    assert re.fullmatch(r"lr_[0-9a-f]{32}", key)
    assert re.fullmatch(_UUID, room_id)
    assert (_claims(token)["room_id"], _claims(token)["role"]) == (room_id, "call")


def test_version_is_one_line(command: Command) -> None:
    assert command.output("--version") == "liverelay 0.2.0"


def test_rooms_are_broadcast_by_default(command: Command) -> None:
    room = json.loads(command.output("rooms", "create", "--json"))

    assert room["type"] == "broadcast"


def test_created_room_as_json_is_the_documented_one(command: Command) -> None:
    broadcast = json.loads(command.output("rooms", "create", "--json"))
    call = json.loads(command.output("rooms", "create", "--type", "call", "--json"))

    assert set(broadcast) == set(call) == {"id", "type", "tokens"}
    roles = {name: _claims(token)["role"] for name, token in broadcast["tokens"].items()}
    assert roles == {"publish": "publish", "subscribe": "subscribe"}
    roles = {name: _claims(token)["role"] for name, token in call["tokens"].items()}
    assert roles == {"caller": "call", "callee": "call"}
    assert _claims(call["tokens"]["caller"])["sub"] != _claims(call["tokens"]["callee"])["sub"]


def test_listed_and_shown_rooms_as_json_are_the_documented_ones(command: Command) -> None:
    made = [command.output("rooms", "create", "--type", kind) for kind in ("call", "broadcast")]

    listed = json.loads(command.output("rooms", "list", "--json"))
    shown = json.loads(command.output("rooms", "show", made[1], "--json"))

    assert [room["room_id"] for room in listed] == made
    age = shown.pop("created_at_secs")
    assert 0 <= age < 60
    assert shown == {
        "room_id": made[1],
        "room_type": "broadcast",
        "publisher_count": 0,
        "subscriber_count": 0,
    }


def test_created_key_as_json_is_the_documented_one(command: Command) -> None:
    created = json.loads(command.output("keys", "create", "my app", "--json"))

    assert set(created) == {"key", "name"}
    assert created["name"] == "my app"


def test_listed_keys_as_json_show_no_secret(command: Command) -> None:
    key = command.output("keys", "create", "app")

    output = command.output("keys", "list", "--json")

    (listed,) = json.loads(output)
    assert set(listed) == {"key_id", "name", "created_at_utc"}
    assert listed["key_id"] == key[:8]
    assert key not in output


def test_token_as_json_is_the_documented_one(command: Command) -> None:
    room_id = command.output("rooms", "create")

    created = json.loads(command.output("token", room_id, "--role", "publish", "--json"))

    assert list(created) == ["token"]
    assert _claims(created["token"])["role"] == "publish"


def test_quiet_prints_ids_only(command: Command) -> None:
    key_id = command.output("keys", "create", "app", "-q")
    room_id = command.output("rooms", "create", "-q")

    assert re.fullmatch(r"lr_[0-9a-f]{5}", key_id)
    assert command.output("keys", "list", "-q") == key_id
    assert command.output("rooms", "list", "-q") == room_id
    assert command.output("rooms", "show", room_id, "-q") == room_id
    assert command.output("rooms", "delete", room_id, "-q") == room_id
    assert command.output("keys", "revoke", key_id, "-q") == key_id


def test_list_in_a_pipe_is_one_line_for_each_thing(command: Command) -> None:
    room_id = command.output("rooms", "create")
    key = command.output("keys", "create", "my [/] app")

    rooms = command.output("rooms", "list").split("\t")
    keys = command.output("keys", "list").split("\t")

    assert rooms[:4] == [room_id, "broadcast", "0", "0"]
    assert (keys[0], keys[2]) == (key[:8], "my [/] app")


def test_empty_lists_print_nothing_or_an_empty_array(command: Command) -> None:
    assert command.output("rooms", "list") == ""
    assert command.output("keys", "list") == ""
    assert json.loads(command.output("rooms", "list", "--json")) == []
    assert json.loads(command.output("keys", "list", "--json")) == []
    assert not command.data_dir.exists()


def test_deleting_and_revoking_say_nothing_in_a_pipe(command: Command) -> None:
    room_id = command.output("rooms", "create")
    key = command.output("keys", "create", "app")

    deleted = command.run("rooms", "delete", room_id)
    revoked = command.run("keys", "revoke", key[:8])

    for result in (deleted, revoked):
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert command.output("rooms", "list") == ""
    assert command.output("keys", "list") == ""


def test_token_lives_for_the_asked_time(command: Command) -> None:
    room_id = command.output("rooms", "create")

    given = _claims(command.output("token", room_id, "--role", "call", "--ttl", "90"))
    by_default = _claims(command.output("token", room_id, "--role", "call"))
    configured = _claims(
        command.where(LIVERELAY_TOKEN_TTL="70").output("token", room_id, "--role", "call")
    )

    lifetimes = [int(str(c["exp"])) - int(str(c["iat"])) for c in (given, by_default, configured)]
    assert lifetimes == [90, 86400, 70]


def test_token_belongs_to_the_named_key_or_to_none(command: Command) -> None:
    room_id = command.output("rooms", "create")
    key_id = command.output("keys", "create", "app", "-q")

    tied = command.output("token", room_id, "--role", "publish", "--key-id", key_id)
    free = command.output("token", room_id, "--role", "publish")

    assert _claims(tied)["key_id"] == key_id
    assert _claims(free)["key_id"] == "local"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["rooms", "show", _NOBODY], "room_not_found"),
        (["rooms", "show", "../secret"], "room_not_found"),
        (["rooms", "delete", _NOBODY, "--json"], "room_not_found"),
        (["token", _NOBODY, "--role", "publish"], "room_not_found"),
        (["token", _NOBODY, "--role", "admin"], "invalid_role"),
        (["keys", "revoke", "lr_00000"], "not_found"),
        (["keys", "revoke", "", "-q"], "not_found"),
        (["keys", "create", ""], "invalid_request"),
        (["keys", "create", "two\nlines", "--json"], "invalid_request"),
    ],
    ids=" ".join,
)
def test_refusal_says_its_code_on_standard_error(
    command: Command, arguments: list[str], code: str
) -> None:
    result = command.run(*arguments)

    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(rf"error: {code}: [^\n]+\n", result.stderr)


def test_token_of_a_key_that_is_not_live_is_refused(command: Command) -> None:
    room_id = command.output("rooms", "create")
    key_id = command.output("keys", "create", "app", "-q")
    command.output("keys", "revoke", key_id)

    for other in (key_id, "lr_00000", "local"):
        result = command.run("token", room_id, "--role", "publish", "--key-id", other)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith("error: api_key_invalid: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["rooms", "create", "--type", "party\n\x1b[31m" + 100 * "!"],
        ["rooms", "create", "--ttl", "0"],
        ["rooms", "create", "--ttl", "soon"],
        ["rooms", "create", "--nonsense"],
        ["rooms", "frobnicate"],
        ["rooms", "show"],
        ["keys", "create"],
        ["keys", "create", "two", "names"],
        ["token", _NOBODY],
        ["nonsense"],
        ["two\nlines"],
        [],
        ["keys"],
        ["serve", "--port", "eighty"],
        ["serve", "--log-format", "xml"],
    ],
    ids=str,
)
def test_wrong_usage_is_one_line_and_ends_with_2(command: Command, arguments: list[str]) -> None:
    result = command.run(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(r"error: [ -~]+\n", result.stderr)


@pytest.mark.parametrize("arguments", [[], ["keys"], ["rooms", "create"]], ids=str)
def test_help_in_a_pipe_has_no_boxes_and_is_not_cut_off(
    command: Command, arguments: list[str]
) -> None:
    shown = command.output(*arguments, "--help")

    assert shown.startswith(" ".join(["Usage: python -m liverelay", *arguments, "[OPTIONS]"]))
    assert shown.isascii()
    assert "..." not in shown.replace("[ARGS]...", "")


@pytest.mark.parametrize("arguments", [["keys", "list"], ["serve"]], ids=" ".join)
def test_unusable_configuration_ends_with_2(command: Command, arguments: list[str]) -> None:
    command.config_file.parent.mkdir(parents=True)
    command.config_file.write_text("port = 8080\nprot = 1\n")

    result = command.run(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"error: {command.config_file} line 2: unknown key 'prot'\n"


def test_data_directory_is_taken_from_flag_environment_and_file(command: Command) -> None:
    command.config_file.parent.mkdir(parents=True)
    command.config_file.write_text(f"data_dir = '{command.home}/from-file'\n")
    variable = command.where(LIVERELAY_DATA_DIR=f"{command.home}/from-variable")

    command.output("keys", "create", "in-file")
    variable.output("keys", "create", "in-variable")
    variable.output("keys", "create", "in-flag", "--data-dir", f"{command.home}/from-flag")

    for place in ("file", "variable", "flag"):
        (key,) = Store(command.home / f"from-{place}").keys.list()
        assert key.name == f"in-{place}"


@pytest.mark.parametrize("line", ["rooms list --json", "rooms list", "--help", "serve --help"])
def test_reader_that_has_enough_ends_a_command_quietly(command: Command, line: str) -> None:
    store = Store(command.data_dir)
    made = [command.output("rooms", "create", "-q")]
    text = (store.rooms.directory / f"{made[0]}.toml").read_bytes()
    for number in range(1500):
        name = f"8271274b-fc62-4b73-98c5-{number:012x}.toml"
        (store.rooms.directory / name).write_bytes(text)

    result = command.shell(f"liverelay {line} | head -1")

    assert result.returncode == 0
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1


def test_unexpected_error_is_a_sentence_unless_a_traceback_is_asked_for(command: Command) -> None:
    module = command.home / "aiohttp.py"
    module.write_text("raise RuntimeError('as broken as can be')")
    broken = command.where(PYTHONPATH=f"{command.home}:{command.environment['PYTHONPATH']}")
    arguments = ("loadtest", "http://127.0.0.1:1", "--key", f"lr_{32 * '0'}")

    plain = broken.run(*arguments)
    traced = broken.where(LIVERELAY_TRACEBACK="1").run(*arguments)

    assert plain.returncode == traced.returncode == 1
    assert plain.stderr.splitlines() == [
        "error: unexpected RuntimeError: as broken as can be",
        "error: this is a bug; set LIVERELAY_TRACEBACK=1 to see where",
    ]
    assert traced.stderr.startswith("Traceback")


@pytest.mark.parametrize(
    ("line", "unbuffered"),
    [
        ("keys create app", ""),
        ("keys create app", "1"),
        ("rooms list", ""),
        ("--version", "1"),
        ("serve --help", ""),
        ("serve --help", "1"),
    ],
)
def test_output_that_cannot_be_written_is_a_sentence(
    command: Command, line: str, unbuffered: str
) -> None:
    command = command.where(PYTHONUNBUFFERED=unbuffered)
    store = Store(command.data_dir)
    # A list of more than is kept back until the end.
    for _ in range(200):
        store.rooms.create(RoomType.BROADCAST)

    result = command.shell(f"liverelay {line} > /dev/full")

    assert result.returncode == 1
    assert result.stderr == "error: standard output cannot be written: No space left on device\n"
    # A key that nobody has seen would be valid, and nobody's.
    assert store.keys.ids() == set()


def run_without_reader(command: Command, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `liverelay` in a pipe of which nobody reads the other end any more."""
    outside, inside = os.pipe()
    os.close(outside)
    with open(inside, "wb") as output:
        return subprocess.run(
            [sys.executable, "-m", "liverelay", *arguments],
            env=command.environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("line", ["--help", "serve --help", "rooms list", "--version"])
def test_reader_who_has_gone_is_no_failure(command: Command, line: str) -> None:
    command.output("rooms", "create")

    for each in (command.where(PYTHONUNBUFFERED=""), command.where(PYTHONUNBUFFERED="1")):
        result = run_without_reader(each, *line.split())
        assert (result.returncode, result.stderr) == (0, "")


def test_refusal_is_one_whoever_reads(command: Command) -> None:
    result = run_without_reader(command, "rooms", "delete", "no-such-room")

    assert result.returncode == 1
    assert result.stderr.startswith("error: ")


def test_key_whose_reader_has_gone_is_not_made(command: Command) -> None:
    result = run_without_reader(command, "keys", "create", "app")

    assert result.returncode == 1
    assert result.stderr == "error: standard output cannot be written: Broken pipe\n"
    assert Store(command.data_dir).keys.ids() == set()


def test_command_without_standard_output_or_error_does_its_work(command: Command) -> None:
    assert command.shell("liverelay keys create app >&-").returncode == 0
    assert command.shell("liverelay keys list -q 2>&-").stdout.startswith("lr_")
    refused = command.shell("liverelay keys revoke lr_00000 2>&-")
    assert (refused.returncode, refused.stdout) == (1, "")


def test_unwritable_data_directory_is_a_sentence(command: Command) -> None:
    command.home.joinpath("data").write_text("a file")

    for arguments in (["keys", "create", "app"], ["rooms", "create"], ["serve", "--port", "0"]):
        result = command.run(*arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert re.fullmatch(r"error: [^\n]*liverelay[^\n]*: cannot be \w+: [^\n]+\n", result.stderr)
