"""A server that may have few files open, and clients that want them all."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.command import Serving

if TYPE_CHECKING:
    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.slow]

_KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"
_SERVE = "exec liverelay serve --host 127.0.0.1 --port 0 2>&1"


def _status(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/v1/rooms", headers={"Authorization": f"Bearer {_KEY}"})
    response = connection.getresponse()
    response.read()
    return response.status


def test_key_is_revoked_while_clients_hold_all_connections(command: Command) -> None:
    environment = {**command.environment, "LIVERELAY_API_KEY": _KEY}
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                ["sh", "-c", f"ulimit -n 64; {_SERVE}"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(process.kill)
        server = Serving(process)
        address = urlsplit(server.wait_until_listening())
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        stack.callback(connection.close)
        before = _status(connection)
        for _ in range(100):
            client = socket.create_connection((address.hostname, address.port), timeout=10)
            stack.callback(client.close)
        while "refused" not in (line := server.next_line()):
            assert line

        command.output("keys", "revoke", _KEY[:8])

        revoked_at = time.monotonic()
        while _status(connection) != 401:
            assert time.monotonic() - revoked_at < 1.0
        process.terminate()
        rest = server.stdout.read()

    assert before == 200
    assert line == "WARNING 32 HTTP connections are open: more are refused"
    assert "Traceback" not in rest


def test_limit_that_a_server_raises_by_itself_is_nothing_to_change(command: Command) -> None:
    result = command.shell("ulimit -n 4096; ulimit -Sn 64; liverelay doctor --port 0 --json")

    assert "limit of 4096 open files" in result.stdout
    assert "ulimit" not in result.stdout
