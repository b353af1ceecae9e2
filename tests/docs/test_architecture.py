"""ARCHITECTURE.md names what is there: each package, and where to start reading it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([\w/.]+)` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)


def source_of(place: str) -> str:
    path = ROOT / place
    files = [path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.js")]
    names = " ".join(file.name for file in files)
    return names + "".join(
        file.read_text("utf-8") for file in files if "node_modules" not in str(file)
    )


@pytest.mark.parametrize(("place", "names"), ROWS)
def test_what_is_named_is_there(place: str, names: str) -> None:
    named = [name for name in re.findall(r"`([^`]+)`", names) if " " not in name]
    source = source_of(place)

    assert (ROOT / place).exists()
    missing = [n for n in named if not re.search(rf"\b{re.escape(n)}\b", source)]
    assert [name for name in missing if not (ROOT / name).exists()] == []


def test_each_package_is_listed() -> None:
    packages = {
        path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("liverelay/*/__init__.py")
    }

    assert packages <= {place for place, _ in ROWS}
