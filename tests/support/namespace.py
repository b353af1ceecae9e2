"""A network namespace with one made-up address, for stacks that refuse the loopback interface.

Firefox and libnice gather nothing on `lo`. Both ends of the pair of interfaces are inside, so no
packet can leave, and no browser can call home.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS = "10.99.0.1"
_ROOT = Path(__file__).parents[2]
_SET_UP = (
    "link set lo up",
    "link add v0 type veth peer name v1",
    f"addr add {ADDRESS}/24 dev v0",
    "link set v0 up",
    "link set v1 up",
    "route add default dev v0",
)


class Namespace:
    """A namespace by its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def run_module(
        self,
        module: str,
        *arguments: str,
        timeout: float,
        environment: Mapping[str, str] = os.environ,
    ) -> str:
        """Run a Python module inside and return its standard output; fail if it fails."""
        command = (sys.executable, "-m", module, *arguments)
        return self.run(*command, timeout=timeout, environment=environment)

    def run(
        self, *command: str, timeout: float = 10, environment: Mapping[str, str] = os.environ
    ) -> str:
        result = subprocess.run(
            ["ip", "netns", "exec", self._name, *command],
            cwd=_ROOT,
            env={**environment, "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Make a namespace and remove it again; skip the test where that is not possible."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    if shutil.which("ip") is None:
        pytest.skip("ip is not installed (Debian: apt-get install iproute2)")
    name = f"liverelay-{secrets.token_hex(3)}"
    made = _ip("netns", "add", name)
    if made.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
    try:
        for arguments in _SET_UP:
            result = _ip("-n", name, *arguments.split())
            if result.returncode != 0:
                pytest.skip(f"no made-up network can be set up: {result.stderr.strip()}")
        yield Namespace(name)
    finally:
        _ip("netns", "del", name)


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
