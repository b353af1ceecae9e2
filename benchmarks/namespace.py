"""A network namespace with one address that is not loopback, and nothing that leads out of it.

Janus gathers on no loopback interface. Inside are `lo` and a pair of interfaces joined to each
other, so that no packet can leave.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "10.99.0.1"

# What the benchmark's own sockets ask for; a new namespace starts with the kernel's defaults.
_BUFFER_SIZE = 8 << 20


def why_not() -> str | None:
    """Return why there can be no namespace here, or None."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    if shutil.which("ip") is None:
        return "a network namespace needs the `ip` command (iproute2)"
    return None


@contextmanager
def namespace() -> Iterator[list[str]]:
    """Make a namespace; yield what to put before a command that shall run in it."""
    name = f"liverelay-bench-{os.getpid()}"
    _run("ip", "netns", "add", name)
    try:
        inside = ("ip", "-n", name)
        _run(*inside, "link", "set", "lo", "up")
        _run(*inside, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        _run(*inside, "addr", "add", f"{ADDRESS}/24", "dev", "v0")
        _run(*inside, "link", "set", "v0", "up")
        _run(*inside, "link", "set", "v1", "up")
        _run(*inside, "route", "add", "default", "dev", "v0")
        enter = ["ip", "netns", "exec", name]
        for setting in ("rmem_max", "wmem_max"):
            # Since Linux 6.x each namespace may have its own; where it has not, nothing is lost.
            subprocess.run(
                [*enter, "sysctl", "-qw", f"net.core.{setting}={_BUFFER_SIZE}"],
                check=False,
                capture_output=True,
            )
        yield enter
    finally:
        _run("ip", "netns", "del", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
