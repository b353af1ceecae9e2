"""The benchmark works. How fast anything is, it does not judge."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import recovery, report
from tests.support.command import ROOT
from tests.support.egress_port import loopback_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(120)]

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and uses recvmmsg")


def run_benchmark(directory: Path, subjects: str, page: Path) -> dict[str, Any]:
    figures = directory / "figures.json"
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.sfu", "--viewers", "1,3", "--seconds", "2"]
        + ["--subjects", subjects, "--json", str(figures), "--docs", str(page)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    read: dict[str, Any] = json.loads(figures.read_text())
    return read


@_LINUX
def test_a_small_run_measures_and_renews_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text("utf-8"), "utf-8")

    figures = run_benchmark(tmp_path, "floor,liverelay", page)

    # aiortc's relay is left to `make bench`: it decodes and encodes, and on a busy machine may miss
    # its time, for which it is then skipped.
    measured = [(row["subject"], row["viewers"]) for row in figures["rows"]]
    assert measured == [("floor", 1), ("floor", 3), ("LiveRelay", 1), ("LiveRelay", 3)]
    assert all(row["packets_per_second"] > 0 for row in figures["rows"])
    assert all(row["latency_ms"]["p50"] > 0 for row in figures["rows"][2:4])
    assert figures["skipped"] == {}
    assert report.markdown(figures) in page.read_text("utf-8")


@_LINUX
def test_what_is_not_here_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text("utf-8"), "utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))

    figures = run_benchmark(tmp_path, "janus", page)

    assert figures["rows"] == []
    assert "janus is not installed" in figures["skipped"]["Janus"]


@pytest.mark.parametrize("case", recovery.CASES, ids=lambda case: case.title)
def test_cost_of_recovery_is_measured_in_every_case(case: recovery.Case) -> None:
    with loopback_port() as port:
        cost = recovery.Run(case, viewers=3, port=port).measure(0.5)

    assert cost > 0
