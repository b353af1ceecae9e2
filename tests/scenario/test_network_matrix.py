"""The matrix of docs/network.md: what is measured is the same each time, and all of it is shown."""

from __future__ import annotations

import pytest

from benchmarks import network
from benchmarks.network import Case, cases, markdown, measure
from benchmarks.pages import replaced
from tests.support.command import ROOT


def test_cell_is_the_same_each_time() -> None:
    case = Case(loss=0.1, burst=4.0, round_trip=0.1, end="publisher")

    assert measure(case, 3.0, (1,)) == measure(case, 3.0, (1,))


def test_viewer_without_loss_sees_everything() -> None:
    result = measure(Case(loss=0.0, burst=None, round_trip=0.1, end="viewer"), 3.0, (1,))

    assert result.cells() == ["100.0", "0.0", "0.03", "–"]


def test_page_has_a_place_for_every_cell() -> None:
    result = measure(Case(loss=0.0, burst=None, round_trip=0.1, end="viewer"), 1.0, (1,))
    text = markdown(dict.fromkeys(cases(), result))
    page = (ROOT / "docs" / "network.md").read_text("utf-8")

    written = replaced(page, "figures", "make bench-network", text)

    assert written is not None
    assert written.count("\n|") == page.count("\n|")


def test_page_shows_what_is_measured_now() -> None:
    row = [Case(loss=0.1, burst=4.0, round_trip=0.3, end=end) for end in ("viewer", "publisher")]

    table = markdown({case: measure(case) for case in row})

    (written,) = (line for line in table.splitlines() if line.startswith("| 10 | 300 |"))
    page = (ROOT / "docs" / "network.md").read_text("utf-8")
    assert written in page.splitlines(), "the figures are stale: make bench-network"


def test_keyframes_asked_for_too_often_fail_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_QUIET_PERIOD", 1e6)

    with pytest.raises(AssertionError, match=r"\[\d+"):
        measure(Case(loss=0.3, burst=4.0, round_trip=0.3, end="publisher"), 10.0, (1,))
