"""Running `liverelay` as its own process, shut off from the configuration of whoever runs it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]

_KEPT_VARIABLES = ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def environment_without_coverage() -> dict[str, str]:
    """Return our environment for a process that coverage must not slow down.

    With it a server takes several times as long for a packet, and browsers notice.
    """
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}


@dataclass(frozen=True)
class Command:
    """The `liverelay` command of a user whose home directory is `home`."""

    home: Path
    extra: Mapping[str, str]

    @classmethod
    def install(cls, home: Path) -> Self:
        """Return a command of a new user; shell scripts find it as `liverelay`."""
        program = home / "bin" / "liverelay"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m liverelay "$@"\n')
        program.chmod(0o755)
        return cls(home, {})

    def where(self, **variables: str) -> Command:
        """Return the same command with more environment variables."""
        return Command(self.home, {**self.extra, **variables})

    @property
    def data_dir(self) -> Path:
        return self.home / "data" / "liverelay"

    @property
    def config_file(self) -> Path:
        return self.home / "config" / "liverelay" / "config.toml"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.home / 'bin'}:{kept.get('PATH', os.defpath)}",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "PYTHONPATH": str(ROOT),
            **self.extra,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, with pipes for its input and output."""
        return self._run([sys.executable, "-m", "liverelay", *arguments])

    def on_terminal(self, *arguments: str, columns: int = 80) -> tuple[int, str]:
        """Run one command on a terminal; return its exit code and all that appeared there."""
        with self.terminal(*arguments, columns=columns) as terminal:
            return terminal.finish()

    @contextmanager
    def terminal(self, *arguments: str, columns: int = 80) -> Iterator[Terminal]:
        """Start one command on a terminal of its own; kill it in the end if need be."""
        outside, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with (
            open(outside, "rb", buffering=0) as screen,
            subprocess.Popen(
                [sys.executable, "-m", "liverelay", *arguments],
                env={"TERM": "xterm-256color", **self.environment},
                cwd=self.home,
                stdin=inside,
                stdout=inside,
                stderr=inside,
            ) as process,
        ):
            os.close(inside)
            try:
                yield Terminal(process, screen)
            finally:
                process.kill()

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a line of `sh` in which `liverelay` is this command."""
        return self._run(["sh", "-c", script])

    def output(self, *arguments: str) -> str:
        """Return what a command that must succeed prints, without the last newline."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout.rstrip("\n")

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[Serving]:
        """Run a server on a free port of the loopback interface; kill it in the end if need be."""
        defaults = [] if "--host" in arguments else ["--host", "127.0.0.1"]
        defaults += [] if "--port" in arguments else ["--port", "0"]
        with subprocess.Popen(
            [sys.executable, "-m", "liverelay", "serve", *defaults, *arguments],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Serving(process)
            finally:
                process.kill()

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=25,
            check=False,
        )


class Terminal:
    """A command that runs on a terminal, and all that has appeared there."""

    def __init__(self, process: subprocess.Popen[bytes], screen: IO[bytes]) -> None:
        self.process = process
        self._screen = screen
        self._shown = b""

    @property
    def shown(self) -> str:
        return self._shown.decode().replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Wait until `text` has appeared; fails if the command ends without it."""
        while text not in self.shown:
            assert self._read(), self.shown

    def finish(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and all that has appeared."""
        while self._read():
            pass
        return self.process.wait(timeout=15), self.shown

    def _read(self) -> bool:
        # Linux answers EIO, others the end of the file, when the last writer has gone.
        with contextlib.suppress(OSError):
            data = self._screen.read(4096)
            self._shown += data
            return bool(data)
        return False


class Serving:
    """A server that was started; what it says is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.stdout: IO[str] = process.stdout
        self.stderr: IO[str] = process.stderr

    def next_line(self) -> str:
        """Wait for the next line on standard output; empty if the server has ended."""
        return self.stdout.readline().rstrip("\n")

    def wait_until_listening(self) -> str:
        """Return the announced URL."""
        line = self.next_line()
        found = re.search(r"https?://[^\s\"]+", line)
        assert found is not None, line + self.stderr.read()
        return found[0]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=15)
