"""What is imported when: `--version` must not load a video codec library."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command import ROOT, Command

if TYPE_CHECKING:
    from pathlib import Path

_HEAVY = {
    "aiohttp",
    "aioice",
    "aiortc",
    "asyncio",
    "av",
    "numpy",
    "pydantic",
    "pylibsrtp",
    "OpenSSL",
}

_RUN_AND_LIST = """
import json, sys
from liverelay.cli.app import main
sys.argv = ["liverelay", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["keys", "create", "app"],
        ["keys", "list"],
        ["rooms", "create", "--json"],
        ["rooms", "list", "--json"],
        ["health"],
        ["token", "8271274b-fc62-4b73-98c5-40e28b7a1b81", "--role", "call"],
    ],
    ids=" ".join,
)
def test_command_on_the_store_loads_nothing_of_the_server(
    tmp_path: Path, arguments: list[str]
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _RUN_AND_LIST, *arguments],
        env=Command(tmp_path, {}).environment,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(json.loads(result.stderr.splitlines()[-1]))
    assert not loaded & _HEAVY


def test_importing_the_package_loads_nothing_else(tmp_path: Path) -> None:
    script = "import sys, liverelay; print(*[n for n in sys.modules if n.startswith('liverelay')])"

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert result.stdout == "liverelay\n"
