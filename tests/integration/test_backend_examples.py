"""The backends of docs/backends.md, started as that page says, between a page and a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import liverelay
from tests.support.live_server import running_server
from tests.support.ports import free_port
from tests.support.server import OFFER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.network, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs" / "backends.md").read_text("utf-8")
NODE_MODULES = Path(liverelay.__file__).parent / "sdk_js" / "node_modules"

needs_express = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_MODULES / "express").is_dir(),
    reason="node, or the SDK's development tools are not installed (make dev)",
)
BACKENDS = [pytest.param("node", marks=needs_express), "python"]


def command(name: str, directory: Path) -> list[str]:
    """Write the whole program of a language and return how it is started."""
    language = {"node": "js", "python": "python"}[name]
    program, *_ = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    if name == "python":
        (directory / "server.py").write_text(program)
        return [sys.executable, "server.py"]
    (directory / "server.mjs").write_text(program)
    (directory / "node_modules").symlink_to(NODE_MODULES)
    return ["node", "server.mjs"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running_server(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, server: LiveServer, tmp_path: Path) -> Iterator[str]:
    """The address of a backend that runs."""
    port = free_port()
    process = subprocess.Popen(
        command(request.param, tmp_path),
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PORT": str(port),
            "LIVERELAY_URL": server.url,
            "LIVERELAY_API_KEY": server.key,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        try:
            assert str(port) in output.readline()  # Both say so once they listen.
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


def ask(method: str, url: str) -> tuple[int, Any]:
    """Return status and content, which is None if there is none or it is not JSON."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method=method), timeout=10
        ) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, raw = error.code, b""
    return status, json.loads(raw) if raw else None


def test_publisher_and_viewer_get_tokens_with_which_they_can_join(
    server: LiveServer, backend: str
) -> None:
    status, live = ask("POST", f"{backend}/api/go-live")
    _, seen = ask("GET", f"{backend}/api/watch/{live['streamId']}")

    joined, _ = server.request("POST", "/sfu/publish", OFFER, bearer=live["publishToken"])
    refused, error = server.request("POST", "/sfu/publish", OFFER, bearer=seen["subscribeToken"])

    assert (status, joined) == (201, 200)
    assert (refused, error["error"]) == (403, "role_insufficient")


def test_each_viewer_is_a_peer_of_its_own(backend: str) -> None:
    _, live = ask("POST", f"{backend}/api/go-live")

    tokens = {
        ask("GET", f"{backend}/api/watch/{live['streamId']}")[1]["subscribeToken"] for _ in "ab"
    }

    assert len(tokens) == 2


def test_ended_stream_is_gone(server: LiveServer, backend: str) -> None:
    _, live = ask("POST", f"{backend}/api/go-live")

    ended, _ = ask("DELETE", f"{backend}/api/streams/{live['streamId']}")

    assert ended == 204
    assert server.request("GET", f"/v1/rooms/{live['streamId']}")[0] == 404
    assert ask("GET", f"{backend}/api/watch/{live['streamId']}")[0] == 404


def test_what_the_server_refuses_is_a_bad_gateway(server: LiveServer, backend: str) -> None:
    _, live = ask("POST", f"{backend}/api/go-live")
    server.request("DELETE", f"/v1/rooms/{live['streamId']}")

    assert ask("GET", f"{backend}/api/watch/{live['streamId']}")[0] == 502


def test_request_that_is_broken_off_stops_nobody_else(backend: str) -> None:
    address = urlsplit(backend)
    half = b"POST /api/go-live HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(half)
        # Closed with a reset (socket(7), SO_LINGER), as when the client has crashed.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    statuses = [ask("POST", f"{backend}/api/go-live")[0] for _ in "ab"]

    assert statuses == [201, 201]
