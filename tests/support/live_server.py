"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_ANNOUNCEMENT = re.compile(r"listening on (https?://\S+)")
_BOOTSTRAP = re.compile(r"Bootstrap API key: (lr_[0-9a-f]{32})")


@dataclass(slots=True)
class LiveServer:
    """A running `liverelay serve` on loopback."""

    process: subprocess.Popen[str]
    url: str
    key: str
    lines: list[str] = field(default_factory=list)

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

    def create_room(self, room_type: str = "broadcast") -> dict[str, Any]:
        status, room = self.request("POST", "/v1/rooms", {"room_type": room_type})
        assert status == 201
        return dict(room)

    def create_token(self, room_id: str, role: str) -> str:
        status, answer = self.request("POST", f"/v1/rooms/{room_id}/token", {"role": role})
        assert status == 201
        return str(answer["token"])

    def stop(self) -> int:
        """End the server as an operator does and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=15)
        return self.process.returncode


def start_server(data_dir: Path, *flags: str) -> LiveServer:
    """Start a server on a free port of loopback and wait until it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "liverelay", "serve", "--host", "127.0.0.1", "--port", "0"]
        + ["--data-dir", str(data_dir), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    server = LiveServer(process, "", "")
    assert process.stdout is not None
    for line in process.stdout:
        server.lines.append(line.rstrip("\n"))
        if match := _ANNOUNCEMENT.search(line):
            server.url = match[1]
        if match := _BOOTSTRAP.search(line):
            server.key = match[1]
            return server
    raise AssertionError("server did not start: " + "\n".join(server.lines))
