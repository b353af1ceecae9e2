"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from liverelay.store.store import Store
from liverelay.tokens import LOCAL_KEY_ID, Role, mint
from liverelay.utc import unix_now
from tests.support.command import environment_without_coverage
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANNOUNCEMENT = re.compile(r"listening on (https?://\S+)")
_BOOTSTRAP = re.compile(r"Bootstrap API key: (lr_[0-9a-f]{32})")
_START_TIMEOUT = 15.0


class LiveServer:
    """`liverelay serve` on loopback; each start is on the same port and store."""

    def __init__(self, data_dir: Path, *flags: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(data_dir)]
        self._flags = [*place, *flags]
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._is_listening = False
        # That it listens, or that it has ended without: then nobody waits for it in vain.
        self._has_settled = threading.Event()
        self.url = ""
        self.key = ""
        self.lines: list[str] = []

    def start(self) -> None:
        """Start the server and wait until it listens."""
        self._is_listening = False
        self._has_settled.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "liverelay", "serve", *self._flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment_without_coverage(), "PYTHONUNBUFFERED": "1"},
        )
        # Somebody has to read on: a server whose log is a full pipe stands still.
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()
        self._has_settled.wait(_START_TIMEOUT)
        if not self._is_listening:
            self.stop()
            raise AssertionError("server did not start: " + "\n".join(self.lines))

    def stop(self) -> int:
        """End the server as an operator does and return its exit code."""
        assert self._process is not None
        assert self._reader is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=15)
        self._reader.join()
        return code

    def request(
        self, method: str, path: str, body: object = None, *, bearer: str | None = None
    ) -> tuple[int, Any]:
        """Return status and decoded JSON (None without a body); the API key unless `bearer`."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {bearer or self.key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                raw, status = response.read(), response.status
        except urllib.error.HTTPError as error:
            with error:
                raw, status = error.read(), error.code
        return status, json.loads(raw) if raw else None

    def create_room(self, room_type: str = "broadcast", *, key: str | None = None) -> Any:
        status, room = self.request("POST", "/v1/rooms", {"room_type": room_type}, bearer=key)
        assert status == 201
        return room

    def create_token(self, room_id: str, role: str) -> str:
        status, answer = self.request("POST", f"/v1/rooms/{room_id}/token", {"role": role})
        assert status == 201
        return str(answer["token"])

    def create_expired_token(self, room_id: str, role: str) -> str:
        """Return a token that ran out a minute ago."""
        secret = Store(self.data_dir).token_secret()
        then = unix_now() - 120
        return mint(secret, room_id=room_id, role=Role(role), key_id=LOCAL_KEY_ID, ttl=60, now=then)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._read_line(line.rstrip("\n"))
        self._has_settled.set()

    def _read_line(self, line: str) -> None:
        self.lines.append(line)
        if match := _ANNOUNCEMENT.search(line):
            self.url = match[1]
        if match := _BOOTSTRAP.search(line):
            self.key = match[1]
        if self.url and self.key and "media at" in line:
            self._is_listening = True
            self._has_settled.set()


def start_server(data_dir: Path, *flags: str) -> LiveServer:
    """Start a server on a free port of loopback and wait until it listens."""
    server = LiveServer(data_dir, *flags)
    server.start()
    return server


@contextmanager
def running_server(data_dir: Path, *flags: str) -> Iterator[LiveServer]:
    """A server that has to end well when it is told to."""
    server = start_server(data_dir, *flags)
    try:
        yield server
    finally:
        status = server.stop()
    assert status == 0
