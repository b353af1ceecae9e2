"""`liverelay health`: it finds the servers of a store by itself, however they were started."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from liverelay.store.live import LivePublisher
from tests.support.certificates import write_certificate
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.slow]


class Refusing(BaseHTTPRequestHandler):
    """Has no method that it would understand: it answers 501."""

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def published(command: Command, url: str) -> Iterator[None]:
    """Tell the command of a server at `url`."""
    publisher = LivePublisher(command.data_dir / "live", url)
    publisher.publish({})
    try:
        yield
    finally:
        publisher.close()


def wait_until_published(command: Command, count: int = 1) -> None:
    while len(list((command.data_dir / "live").glob("*.json"))) < count:
        pass


def test_flags_of_the_server_need_not_be_given_again(command: Command) -> None:
    configured = command.where(
        LIVERELAY_WEBHOOK_SECRET="a-secret-of-webhooks",
        LIVERELAY_TLS_KEY=str(write_certificate(command.home)[1]),
    )
    flags = ("--webhook-url", "http://127.0.0.1:9", "--tls-cert", str(command.home / "cert.pem"))
    with configured.serve(*flags) as server:
        server.wait_until_listening()
        wait_until_published(configured)
        healthy = configured.run("health")
        listed = configured.run("keys", "list", "-q")

    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert listed.stdout.startswith("lr_")


@pytest.mark.parametrize(
    ("host", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")]
)
def test_server_that_answers_is_well(command: Command, host: str, reached: str) -> None:
    with command.serve("--host", host) as server:
        port = server.wait_until_listening().rpartition(":")[2]
        wait_until_published(command)
        asked = command.run("health")
        told = json.loads(command.output("health", "--json"))
        server.stop()
    afterwards = command.run("health")

    assert (asked.returncode, asked.stdout) == (0, f"http://{reached}:{port}\tok\n")
    assert told == {
        "status": "ok",
        "version": "0.2.0",
        "rooms_active": 0,
        "subscribers_active": 0,
    }
    assert afterwards.returncode == 1
    assert afterwards.stderr == f"error: no server runs on {command.data_dir}\n"


def test_each_of_several_servers_is_an_object_of_its_own(command: Command) -> None:
    with command.serve() as one, command.serve() as other:
        one.wait_until_listening()
        other.wait_until_listening()
        wait_until_published(command, 2)
        told = command.output("health", "--json")

    first, second = (json.loads(text) for text in told.replace("}\n{", "}\n\n{").split("\n\n"))
    assert first == second
    assert first["status"] == "ok"


def test_certificate_for_another_name_is_no_matter(command: Command) -> None:
    certificate, key = write_certificate(command.home)
    with command.serve("--tls-cert", str(certificate), "--tls-key", str(key)) as server:
        url = server.wait_until_listening()
        wait_until_published(command)

        assert command.output("health") == f"{url}\tok"


def test_server_that_does_not_answer_is_not_well(command: Command) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with published(command, url):
        result = command.run("health")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {url} does not answer: ")


def test_server_that_answers_something_else_is_not_well(command: Command) -> None:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with published(command, url):
            result = command.run("health")
        server.shutdown()
        thread.join()

    assert (result.returncode, result.stderr) == (1, f"error: {url} answers 501\n")
