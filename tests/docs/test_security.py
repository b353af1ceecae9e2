"""SECURITY.md lists limits as they are, each with the test that shows it enforced."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from liverelay.config import Settings, list_settings
from liverelay.server.deadlines import Deadlines

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| [^|]+ \| ([\d.]+)[^|]* \| `([\w.]+)` \| `([^`]+)` \| `([^`]+)` \|$",
    (ROOT / "SECURITY.md").read_text("utf-8"),
    re.M,
)


def limit_named(name: str, enforced_in: str) -> float:
    """Return the default of a setting, or a constant of the module at `enforced_in`."""
    if name.startswith("Deadlines."):
        return float(getattr(Deadlines(), name.partition(".")[2]))
    if name in {setting.name for setting in list_settings()}:
        return float(getattr(Settings(), name))
    module = importlib.import_module(enforced_in.removesuffix(".py").replace("/", "."))
    return float(getattr(module, name))


def test_the_list_is_found() -> None:
    assert len(ROWS) >= 25


@pytest.mark.parametrize(("default", "name", "enforced_in", "tested_in"), ROWS)
def test_each_limit_is_as_listed(default: str, name: str, enforced_in: str, tested_in: str) -> None:
    assert limit_named(name, enforced_in) == float(default)
    assert name.rpartition(".")[2] in (ROOT / enforced_in).read_text("utf-8")
    assert (ROOT / tested_in).is_file()


def test_every_setting_that_is_a_limit_is_listed() -> None:
    limits = {setting.name for setting in list_settings() if setting.name.startswith("max_")}

    assert limits <= {name for _, name, _, _ in ROWS}
