"""`liverelay loadtest` as a process, against a real server."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.cli import loadtest
from liverelay.loadtest.result import Thresholds
from tests.support.certificates import write_certificate
from tests.support.result import RESULT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.slow]

KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"
SHORT = ("--subscribers", "3", "--duration", "1", "--ramp", "0.2")


@contextmanager
def serving(command: Command) -> Iterator[str]:
    """Run a server whose key `command` has in its environment; yield its URL."""
    with command.serve("--public-address", "127.0.0.1") as server:
        yield server.wait_until_listening()


@pytest.fixture
def user(command: Command) -> Command:
    return command.where(LIVERELAY_API_KEY=KEY)


def test_what_arrives_is_reported_and_nothing_is_left_behind(user: Command) -> None:
    with serving(user) as url:
        result = user.run("loadtest", url, *SHORT, "--json", "--min-connected", "100")
        rooms = json.loads(user.output("rooms", "list", "--json"))

    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    assert (report["connected"], report["with_media"], report["failures"]) == (3, 3, {})
    assert report["packets"] > 300
    assert report["latency_ms"]["p50"] > 0
    assert report["missed"] == []
    assert rooms == []


def test_a_server_that_dies_meanwhile_is_loss_and_exit_code_one(user: Command) -> None:
    arguments = ("--subscribers", "3", "--duration", "4", "--ramp", "0")
    with user.serve("--public-address", "127.0.0.1") as server:
        url = server.wait_until_listening()
        with user.terminal("loadtest", url, *arguments, columns=120) as terminal:
            terminal.wait_for("measuring")
            server.process.kill()
            code, shown = terminal.finish()

    assert code == 1
    assert "stalled      3 got nothing at the end" in shown
    assert "error: no viewer got media at the end" in shown
    assert re.search(r"warning: [0-9a-f-]{36} was left behind: ", shown)
    loss = re.search(r"loss +([0-9.]+) %", shown)
    assert loss is not None
    assert float(loss[1]) > 50


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_test_reports_until_then_and_leaves_nothing_behind(
    user: Command, number: signal.Signals, code: int
) -> None:
    arguments = ("--subscribers", "3", "--duration", "3600", "--ramp", "0", "--max-loss", "0")
    with serving(user) as url:
        with user.terminal("loadtest", url, *arguments, columns=120) as terminal:
            terminal.wait_for("measuring")
            terminal.process.send_signal(number)
            result = terminal.finish()
        rooms = user.output("rooms", "list", "-q")

    assert result[0] == code
    assert "connected    3 of 3" in result[1]
    assert "error:" not in result[1]
    assert rooms == ""


def test_a_missed_threshold_is_exit_code_one(user: Command) -> None:
    with serving(user) as url:
        result = user.run("loadtest", url, *SHORT, "--max-latency", "0.001")

    assert result.returncode == 1
    assert result.stdout.startswith("connected\t3 of 3\n")
    assert "latency p99 is" in result.stderr


def test_progress_and_a_table_are_shown_on_a_terminal(user: Command) -> None:
    with serving(user) as url:
        arguments = ("--subscribers", "3", "--duration", "1.5", "--ramp", "0.6")
        code, shown = user.on_terminal("loadtest", url, *arguments, columns=120)

    assert code == 0
    assert re.search(r"joining .* 0/1 s .*0/3 connected", shown)
    assert re.search(r"measuring .* s .*3/3 connected +[0-9.]+ Mbit/s +0.00 % lost", shown)
    assert "with media   3 of 3" in shown
    assert re.search(r"per viewer   [0-9]+ kbit/s p50", shown)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_test_that_was_short_of_cpu_says_so_in_a_pipe_too(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    loadtest._print(replace(RESULT, own_cpu=0.9), Thresholds(), as_json=as_json)

    assert capsys.readouterr().err.startswith("warning: this test took most of a core: ")


def test_a_room_that_nobody_publishes_in_connects_nobody(user: Command) -> None:
    with serving(user) as url:
        room = user.output("rooms", "create")
        arguments = ("--room", room, "--publishers", "0", "--min-connected", "100")
        result = user.run("loadtest", url, *SHORT, *arguments)
        still_there = user.output("rooms", "show", "-q", room)

    assert result.returncode == 1
    assert "failed\t3 x no_publisher_available\n" in result.stdout
    assert still_there == room


def test_a_server_that_has_ipv6_alone_is_loaded(user: Command) -> None:
    with user.serve("--host", "::1", "--public-address", "::1") as server:
        url = server.wait_until_listening()
        result = user.run("loadtest", url, *SHORT, "--min-connected", "100")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("connected\t3 of 3\n")


def test_the_limit_on_open_files_is_raised_as_far_as_it_is_allowed(user: Command) -> None:
    # Who hears nothing for half of the time counts as stalled, and a busy machine has its hiccups.
    many = "--subscribers 100 --duration 3 --ramp 0 --bitrate 50 --min-connected 100"
    with serving(user) as url:
        raised = user.shell(f"ulimit -Sn 64; liverelay loadtest {url} {many}")
        refused = user.shell(f"ulimit -n 64; liverelay loadtest {url} {many}")

    assert raised.returncode == 0, raised.stderr
    assert raised.stdout.startswith("connected\t100 of 100\n")
    assert refused.returncode == 2
    assert refused.stderr == (
        "error: 101 clients need 165 open files, and 64 are allowed (`ulimit -Hn`): "
        "give fewer --subscribers\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--key", KEY[:-1] + "0"), "api_key_invalid"),
        (("--room", "8271274b-fc62-4b73-98c5-40e28b7a1b81"), "room_not_found"),
    ],
)
def test_a_refusal_is_told_by_its_code(
    user: Command, arguments: tuple[str, ...], message: str
) -> None:
    with serving(user) as url:
        result = user.run("loadtest", url, *SHORT, *arguments)

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {message}: ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("http://127.0.0.1:1",), 1, "cannot reach http://127.0.0.1:1: Connection refused"),
        (("localhost:8080",), 2, "'localhost:8080' is not the URL of a server"),
        (("http://",), 2, "'http://' is not the URL of a server"),
        (("http://[::1",), 2, "'http://[::1' is not the URL of a server"),
        (("http://a..b:80",), 2, "'http://a..b:80' is not the URL of a server"),
        (("http://a:99999",), 2, "'http://a:99999' is not the URL of a server"),
        (("http://me@a",), 2, "'http://me@a' is not the URL of a server"),
        (("http://a\nb",), 2, r"'http://a\nb' is not the URL of a server"),
        (("http://a", "--publishers", "0"), 2, "nobody would publish"),
        (("http://a", "--room", "r", "--publishers", "2"), 2, "a room takes one publisher"),
        (("http://a", "--key", ""), 2, "an API key is needed"),
        (("http://a", "--key", f"{KEY}\r"), 2, "not an API key: --key, or LIVERELAY_API_KEY"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    user: Command, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = user.run("loadtest", *arguments)

    assert result.returncode == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_self_signed_server_is_refused_until_told_otherwise(
    user: Command, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path)
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with user.serve("--public-address", "127.0.0.1", *flags) as server:
        url = server.wait_until_listening()
        refused = user.run("loadtest", url, *SHORT)
        result = user.run("loadtest", url, *SHORT, "--insecure", "--min-connected", "100")

    assert refused.returncode == 1
    assert "certificate" in refused.stderr.lower()
    assert "Traceback" not in refused.stderr
    assert result.returncode == 0, result.stderr
