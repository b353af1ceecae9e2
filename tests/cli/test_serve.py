"""`liverelay serve` as a process: what it says, and how it starts and ends."""

from __future__ import annotations

import http.client
import json
import re
import select
import signal
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import filelock
import pytest

from liverelay.store.store import Store
from tests.support.certificates import write_certificate

if TYPE_CHECKING:
    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.slow]

_KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"


def _get(url: str, path: str, key: str = "", tls: ssl.SSLContext | None = None) -> tuple[int, str]:
    address = urlsplit(url)
    assert address.hostname is not None
    if tls is not None:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            address.hostname, address.port, timeout=10, context=tls
        )
    else:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _post(url: str, path: str, body: object, key: str) -> int:
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_first_start_says_address_and_bootstrap_key(command: Command) -> None:
    with command.serve() as server:
        first, second = server.next_line(), server.next_line()
        address = re.fullmatch(
            r"INFO LiveRelay SFU listening on (http://127\.0\.0\.1:[1-9]\d*)", first
        )
        key = re.fullmatch(r"INFO Bootstrap API key: (lr_[0-9a-f]{32})", second)
        assert address is not None
        assert key is not None
        status, _ = _get(address[1], "/v1/rooms", key[1])

    assert status == 200


def test_second_start_makes_no_key(command: Command) -> None:
    with command.serve() as first:
        first.wait_until_listening()
        first.stop()
    with command.serve() as second:
        second.wait_until_listening()
        second.stop()
        output = second.stdout.read()

    assert "Bootstrap" not in output
    assert len(Store(command.data_dir).keys.list()) == 1


def test_given_first_key_is_used_and_not_printed(command: Command) -> None:
    with command.where(LIVERELAY_API_KEY=_KEY).serve("--log-level", "debug") as server:
        url = server.wait_until_listening()
        status, _ = _get(url, "/v1/rooms", _KEY)
        server.stop()
        output = server.stdout.read() + server.stderr.read()

    assert status == 200
    assert "lr_" not in output


@pytest.mark.parametrize("key", ["secret", "lr_AEBFC064DD0C8FA2CB0CBC01998E3F9B"])
def test_unusable_first_key_is_refused_without_repeating_it(command: Command, key: str) -> None:
    result = command.where(LIVERELAY_API_KEY=key).run("serve", "--host", "127.0.0.1", "--port", "0")

    assert result.returncode == 1
    assert result.stderr.startswith("error: api_key_invalid: ")
    assert key not in result.stdout + result.stderr
    assert Store(command.data_dir).keys.list() == []


@pytest.mark.parametrize("given", ["", _KEY, "secret"])
def test_later_start_does_not_look_at_the_first_key(command: Command, given: str) -> None:
    command.output("keys", "create", "app")
    with command.where(LIVERELAY_API_KEY=given).serve() as server:
        server.wait_until_listening()
        server.stop()
        output = server.stdout.read()

    assert "Bootstrap" not in output
    assert "live API key" not in output
    assert [record.name for record in Store(command.data_dir).keys.list()] == ["app"]


@pytest.mark.parametrize("given", ["", _KEY, "secret"])
def test_start_with_nothing_but_revoked_keys_makes_none_and_warns(
    command: Command, given: str
) -> None:
    Store(command.data_dir).keys.bootstrap(_KEY)
    command.output("keys", "revoke", _KEY[:8])
    with command.where(LIVERELAY_API_KEY=given).serve() as server:
        server.wait_until_listening()
        server.stop()
        output = server.stdout.read()

    assert "Bootstrap" not in output
    assert re.search("^WARNING .* no live API key.*: liverelay keys create NAME$", output, re.M)
    assert Store(command.data_dir).keys.list() == []


def test_port_in_use_is_a_sentence_and_makes_no_key(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = command.run("serve", "--host", "127.0.0.1", "--port", str(port))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )
    assert Store(command.data_dir).keys.list() == []


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_address_of_no_interface_is_a_sentence(command: Command, host: str) -> None:
    result = command.run("serve", "--host", host, "--port", "0")

    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(rf"error: cannot listen on {host} port 0: [^\n]+\n", result.stderr)


def test_ipv6_address_is_announced_in_brackets(command: Command) -> None:
    with command.serve("--host", "::1") as server:
        url = server.wait_until_listening()
        status, _ = _get(url, "/health")

    assert re.fullmatch(r"http://\[::1\]:\d+", url)
    assert status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_signal_drains_and_ends_with_0(command: Command, number: int) -> None:
    with command.serve() as server:
        server.wait_until_listening()
        started = time.monotonic()
        code = server.stop(number)
        took = time.monotonic() - started
        output, errors = server.stdout.read(), server.stderr.read()

    assert code == 0
    assert took < 10
    assert "INFO draining: 0 sessions\nINFO stopped\n" in output
    assert errors == ""


def test_connection_that_stays_open_does_not_hold_up_the_end(command: Command) -> None:
    with command.serve() as server:
        address = urlsplit(server.wait_until_listening())
        with socket.create_connection(("127.0.0.1", address.port or 0)) as idle:
            idle.sendall(b"POST /v1/rooms HTTP/1.1\r\nHost: x\r\n")
            started = time.monotonic()
            code = server.stop()
            took = time.monotonic() - started

    assert code == 0
    assert took < 10


def test_clients_that_read_no_answers_do_not_hold_up_the_end(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = command.where(LIVERELAY_WEBHOOK_URL=webhook, LIVERELAY_WEBHOOK_SECRET="s" * 32)
        with command.serve("--metrics-bind", "127.0.0.1:0") as server:
            url = server.wait_until_listening()
            while "metrics at" not in (line := server.next_line()):
                pass
            metrics_url = line.split()[-1]
            command.output("rooms", "create")
            with (
                _ask_and_never_read(url, "/openapi.json"),
                _ask_and_never_read(metrics_url, "/metrics"),
            ):
                started = time.monotonic()
                code = server.stop()
                took = time.monotonic() - started
            output = server.stdout.read()

    assert code == 0
    assert took < 9
    assert "WARNING webhook: 1 events were not delivered\n" in output


def test_second_signal_ends_at_once(command: Command) -> None:
    with command.serve() as server:
        server.wait_until_listening()
        server.process.send_signal(signal.SIGTERM)
        while "draining" not in server.next_line():
            pass
        code = server.stop()
        output = server.stdout.read()

    assert code == 1
    assert "stopped" not in output


def test_reader_of_the_log_may_go_away(command: Command) -> None:
    with command.serve() as server:
        url = server.wait_until_listening()
        server.stdout.close()
        status, _ = _get(url, "/health")
        code = server.stop()
        errors = server.stderr.read()

    assert status == 200
    assert code == 0
    assert errors == ""


def test_json_log_is_one_object_a_line(command: Command) -> None:
    with command.serve("--log-format", "json", "--log-level", "debug") as server:
        url = server.wait_until_listening()
        _get(url, "/health")
        server.stop()
        lines = [json.loads(line) for line in server.stdout.read().splitlines()]

    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert [line["message"] for line in lines if "request_id" in line] != []
    assert lines[-1]["message"] == "stopped"


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("level", ["warning", "error"])
def test_log_level_hides_what_is_below_it_but_address_and_key(
    command: Command, level: str, log_format: str
) -> None:
    with command.serve("--log-level", level, "--log-format", log_format) as server:
        first, second = server.next_line(), server.next_line()
        address = re.search(r"LiveRelay SFU listening on (http://127\.0\.0\.1:[1-9]\d*)", first)
        key = re.search(r"Bootstrap API key: (lr_[0-9a-f]{32})", second)
        assert address is not None
        assert key is not None
        status, _ = _get(address[1], "/v1/rooms", key[1])
        server.stop()
        rest = server.stdout.read()

    assert status == 200
    assert all("INFO" in line for line in (first, second))
    assert "INFO" not in rest


def test_tls_is_served_with_a_certificate_of_ones_own(command: Command) -> None:
    certificate, key = write_certificate(command.home)
    client = ssl.create_default_context(cafile=str(certificate))
    client.check_hostname = False

    with command.serve("--tls-cert", str(certificate), "--tls-key", str(key)) as server:
        url = server.wait_until_listening()
        status, _ = _get(url, "/health", tls=client)

    assert url.startswith("https://127.0.0.1:")
    assert status == 200


@pytest.mark.parametrize("damage", ["missing", "garbage", "swapped", "encrypted", "mismatch"])
def test_unusable_tls_files_are_a_sentence(command: Command, damage: str) -> None:
    certificate, key = write_certificate(command.home, password=b"x" * (damage == "encrypted"))
    if damage == "missing":
        key = command.home / "none.pem"
    if damage == "garbage":
        certificate.write_bytes(b"\x00garbage")
    if damage == "swapped":
        certificate, key = key, certificate
    if damage == "mismatch":
        _, key = write_certificate(command.home / "bin")

    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    result = command.run("serve", "--port", "0", *tls)

    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(rf"error: cannot use {certificate} and {key} for TLS: .+\n", result.stderr)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tls-cert", "cert.pem"], "TLS needs both --tls-cert and --tls-key"),
        (["--tls-key", "key.pem"], "TLS needs both --tls-cert and --tls-key"),
        (
            ["--webhook-url", "https://a.example"],
            "A webhook needs both --webhook-url and --webhook-secret",
        ),
        (
            ["--webhook-secret", "a-secret-of-webhooks"],
            "A webhook needs both --webhook-url and --webhook-secret",
        ),
    ],
)
def test_half_a_pair_is_refused(command: Command, arguments: list[str], sentence: str) -> None:
    result = command.run("serve", "--host", "127.0.0.1", "--port", "0", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"error: {sentence}\n"


def test_wait_for_the_disk_holds_up_nobody_else(command: Command) -> None:
    with command.where(LIVERELAY_API_KEY=_KEY).serve() as server:
        url = server.wait_until_listening()
        with ThreadPoolExecutor() as pool:
            with filelock.FileLock(command.data_dir / ".lock"):
                created = pool.submit(_post, url, "/v1/keys", {"name": "app"}, _KEY)
                statuses = [_get(url, "/health")[0] for _ in range(20)]
                was_waiting = not created.done()
            status = created.result()

    assert statuses == [200] * 20
    assert was_waiting
    assert status == 201


def test_changes_by_other_commands_are_honoured_within_a_second(command: Command) -> None:
    with command.serve() as server:
        url = server.wait_until_listening()
        key = command.output("keys", "create", "other")
        room_id = command.output("rooms", "create")
        shown, _ = _get(url, f"/v1/rooms/{room_id}", key)
        command.output("rooms", "delete", room_id)
        deleted = _seconds_until(404, url, f"/v1/rooms/{room_id}", key)
        command.output("keys", "revoke", key[:8])
        revoked = _seconds_until(401, url, "/v1/rooms", key)

    assert shown == 200
    assert deleted < 1
    assert revoked < 1


def test_file_damaged_under_a_server_is_reported_once_and_hides_nothing(command: Command) -> None:
    with command.serve() as server:
        url = server.wait_until_listening()
        key = command.output("keys", "create", "other")
        room_id = command.output("rooms", "create")
        bad = command.data_dir / "rooms" / "8271274b-fc62-4b73-98c5-40e28b7a1b81.toml"
        bad.write_text("damaged")
        while "is damaged" not in server.next_line():
            pass
        command.output("rooms", "delete", room_id)
        took = _seconds_until(404, url, f"/v1/rooms/{room_id}", key)
        server.stop()
        rest = server.stdout.read()

    assert took < 1
    assert "is damaged" not in rest
    assert bad.read_text() == "damaged"


def _ask_and_never_read(url: str, path: str) -> socket.socket:
    """Send requests until the server, with nowhere to write its answers, takes no more of them."""
    address = urlsplit(url)
    client = socket.create_connection(("127.0.0.1", address.port or 0))
    client.setblocking(False)
    requests = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 100
    while select.select([], [client], [], 1.0)[1]:
        client.send(requests)
    return client


def _seconds_until(wanted: int, url: str, path: str, key: str) -> float:
    started = time.monotonic()
    while _get(url, path, key)[0] != wanted:
        assert time.monotonic() - started < 5
    return time.monotonic() - started
