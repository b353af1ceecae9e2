"""The figures that the documentation shows are those of the saved measurement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.overview import overview
from benchmarks.report import renewed

ROOT = Path(__file__).parents[2]
FIGURES = json.loads((ROOT / "docs" / "performance.json").read_text("utf-8"))


@pytest.mark.parametrize("page", ["README.md", "docs/performance.md"])
def test_page_shows_the_saved_figures(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")

    assert renewed(text, FIGURES, name=page) == text


def test_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(SystemExit, match="a.md has no place"):
        renewed("# Nothing\n", FIGURES, name="a.md")


def test_server_that_was_not_measured_has_no_column() -> None:
    rows = [row for row in FIGURES["rows"] if row["subject"] == "LiveRelay"]

    assert "Janus" not in overview({**FIGURES, "rows": rows})
