"""The servers that are compared: how each is started, and what the load generator must know."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from benchmarks import janus, namespace
from liverelay.loadtest.api import ServerApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

_START_TIMEOUT = 15.0
_STOP_TIMEOUT = 12.0
_JANUS_SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: its process, and how the workers reach it.

    `is_decoded` asks for video that decodes; `prefix` puts the workers where the server is.
    """

    pid: int
    signalling: str
    options: dict[str, Any]
    ip: str = "127.0.0.1"
    is_decoded: bool = False
    prefix: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One server. `most_viewers` is where it is known to be saturated on any machine."""

    name: str
    title: str
    start: Callable[[], AbstractAsyncContextManager[Running]]
    most_viewers: int = 10_000

    def why_not(self) -> str | None:
        """Return why it cannot be measured here, or None."""
        if self.name != "janus":
            return None
        if shutil.which("janus") is None:
            return "janus is not installed (Debian: apt-get install --no-install-recommends janus)"
        return namespace.why_not()


@asynccontextmanager
async def _liverelay() -> AsyncIterator[Running]:
    key = f"lr_{secrets.token_hex(16)}"
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "liverelay", "serve", "--host", "127.0.0.1"]
        command += ["--port", "0", "--public-address", "127.0.0.1", "--data-dir", directory]
        with _process(command, {"LIVERELAY_API_KEY": key}) as (process, log):
            url = await _wait_for_url(process, log)
            async with aiohttp.ClientSession() as http:
                room_id = await ServerApi(http, url, key).create_room()
            options = {"url": url, "key": key, "room_id": room_id}
            yield Running(process.pid, "liverelay", options)


@asynccontextmanager
async def _relay() -> AsyncIterator[Running]:
    with _process([sys.executable, "-m", "benchmarks.relay_server"], {}) as (process, log):
        url = await _wait_for_url(process, log)
        yield Running(process.pid, "relay", {"url": url}, is_decoded=True)


@asynccontextmanager
async def _janus() -> AsyncIterator[Running]:
    with ExitStack() as stack:
        prefix = stack.enter_context(namespace.namespace())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        janus.write_configuration(directory, namespace.ADDRESS)
        # `ip netns exec` becomes the command, so the process is Janus' own.
        process, _ = stack.enter_context(
            _process([*prefix, "janus", "--configs-folder", str(directory)], {})
        )
        await asyncio.sleep(_JANUS_SETTLE)
        if process.poll() is not None:
            raise RuntimeError("janus ended at once")
        feed = {"feed": secrets.randbits(30)}
        yield Running(process.pid, "janus", feed, ip=namespace.ADDRESS, prefix=prefix)


SUBJECTS = (
    Subject("liverelay", "LiveRelay", _liverelay),
    Subject("janus", "Janus", _janus),
    # One video encoder for each viewer: a core is full long before this.
    Subject("relay", "aiortc MediaRelay", _relay, most_viewers=10),
)


@contextmanager
def _process(
    command: Sequence[str], variables: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run a process whose output goes to a file, so that nothing has to read it."""
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
        )
        try:
            yield process, Path(log.name)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"https?://[^\s\"]+", _read(log)):
            return found[0]
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the server did not start: {_read(log)[-500:]}")


def _read(log: Path) -> str:
    return log.read_text()
