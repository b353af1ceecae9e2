"""`liverelay doctor`, as its own process."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import write_certificate
from tests.support.namespace import ADDRESS, namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.slow]

LOOPBACK = ("--port", "0", "--public-address", "127.0.0.1")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 0))
        yield holder.getsockname()[1]


def levels(output: str) -> dict[str, str]:
    return {finding["check"]: finding["level"] for finding in json.loads(output)}


def test_machine_on_which_media_flows_is_well(command: Command) -> None:
    result = command.run("doctor", *LOOPBACK)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "answers connectivity checks" in result.stdout
    assert "only private or loopback addresses are announced: 127.0.0.1" in result.stdout


def test_every_line_in_a_pipe_is_level_detail_and_advice(command: Command) -> None:
    lines = command.output("doctor", *LOOPBACK).split("\n")

    for line in lines:
        level, detail, *advice = line.split("\t")
        assert level in {"ok", "warn"}
        assert detail
        assert len(advice) == (level != "ok")


def test_json_names_each_check(command: Command) -> None:
    found = levels(command.output("doctor", *LOOPBACK, "--json"))

    assert found["udp port"] == found["media on 127.0.0.1"] == "ok"
    assert found["address"] == found["https"] == "warn"
    assert {"socket buffers", "open files", "udp segmentation"} <= set(found)


def test_quiet_shows_only_what_is_to_be_done(command: Command) -> None:
    output = command.output("doctor", *LOOPBACK, "--quiet")

    assert "\tok" not in output
    assert all(line.startswith("warn\t") for line in output.split("\n"))


def test_several_addresses_are_each_checked(command: Command) -> None:
    found = levels(command.output("doctor", *LOOPBACK, "--public-address", "::1", "--json"))

    assert found["media on 127.0.0.1"] == found["media on ::1"] == "ok"


def test_port_in_use_is_a_failure_with_advice(command: Command, taken_port: int) -> None:
    arguments = ("doctor", "--udp-port", str(taken_port), "--public-address", "127.0.0.1")
    result = command.run(*arguments, "--json")

    assert result.returncode == 1
    finding = next(each for each in json.loads(result.stdout) if each["level"] == "fail")
    assert finding["check"] == "udp port"
    assert str(taken_port) in finding["detail"]
    assert "--udp-port" in finding["advice"]


def test_address_that_nothing_can_be_sent_to_is_a_failure(command: Command) -> None:
    result = command.run("doctor", "--port", "0", "--public-address", "255.255.255.255", "--json")

    assert result.returncode == 1
    assert levels(result.stdout)["media on 255.255.255.255"] == "fail"


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "no-such-name.invalid"])
def test_address_that_cannot_be_announced_is_a_failure(command: Command, address: str) -> None:
    result = command.run("doctor", "--port", "0", "--public-address", address, "--json")

    assert result.returncode == 1
    assert levels(result.stdout) == {"address": "fail"}
    assert address in json.loads(result.stdout)[0]["detail"]


def test_terminal_gets_marks_and_indented_advice(command: Command) -> None:
    code, shown = command.on_terminal("doctor", *LOOPBACK)

    assert code == 0
    assert "✓" in shown
    assert "!" in shown
    assert "\n  For viewers on the internet give --public-address" in shown


def test_marks_are_coloured_unless_no_color_is_set(command: Command) -> None:
    _, coloured = command.on_terminal("doctor", *LOOPBACK)
    _, plain = command.where(NO_COLOR="1").on_terminal("doctor", *LOOPBACK)

    assert "\x1b[32m✓" in coloured
    assert "✓" in plain
    assert "\x1b" not in plain


def test_address_that_leads_elsewhere_is_a_warning_with_advice() -> None:
    arguments = ("doctor", "--port", "0", "--public-address", "10.99.0.7", "--json")
    with namespace() as network:
        output = network.run_module("liverelay", *arguments, timeout=20)

    finding = next(each for each in json.loads(output) if each["check"] == "media on 10.99.0.7")
    assert finding["level"] == "warn"
    assert "firewalls" in finding["advice"]


def test_machine_without_ipv6_serves_ipv4() -> None:
    with namespace() as network:
        network.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
        output = network.run_module("liverelay", "doctor", "--port", "0", "--json", timeout=20)

    assert levels(output)[f"media on {ADDRESS}"] == "ok"


def test_machine_with_a_public_address_and_tls_has_nothing_to_change_for_either(
    tmp_path: Path,
) -> None:
    certificate, key = map(str, write_certificate(tmp_path))
    arguments = ("--public-address", "11.0.0.1", "--tls-cert", certificate, "--tls-key", key)
    with namespace() as network:
        network.run("ip", "addr", "add", "11.0.0.1/32", "dev", "lo")
        output = network.run_module(
            "liverelay", "doctor", "--port", "0", "--json", *arguments, timeout=20
        )

    found = levels(output)
    assert found["address"] == found["media on 11.0.0.1"] == found["https"] == "ok"


@pytest.mark.parametrize(
    ("files", "detail"),
    [
        (
            ("--tls-cert", "none.pem", "--tls-key", "none.key"),
            "cannot use none.pem and none.key for TLS: [Errno 2] No such file or directory",
        ),
        (("--tls-cert", "none.pem"), "TLS needs both --tls-cert and --tls-key"),
    ],
)
def test_certificate_that_cannot_be_used_is_a_failure(
    command: Command, files: tuple[str, ...], detail: str
) -> None:
    result = command.run("doctor", *LOOPBACK, *files, "--json")

    assert result.returncode == 1
    (finding,) = [each for each in json.loads(result.stdout) if each["level"] == "fail"]
    assert (finding["check"], finding["detail"]) == ("https", detail)
    assert "--tls-cert" in finding["advice"]


def test_low_limit_of_open_files_is_a_warning_with_the_command_that_raises_it(
    command: Command,
) -> None:
    result = command.shell(f"ulimit -n 1000; liverelay doctor {' '.join(LOOPBACK)}")

    assert "limit of 1000 open files" in result.stdout
    assert "ulimit -n 4096" in result.stdout
