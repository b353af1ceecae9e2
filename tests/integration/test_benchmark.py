"""The benchmark works. How fast anything is, it does not judge."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import pages, recovery, report, sfu
from benchmarks.crowd import Crowd
from benchmarks.probes import places_of
from benchmarks.subjects import SUBJECTS
from liverelay.loadtest.source import AUDIO_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE
from tests.support.command import ROOT, environment_without_coverage
from tests.support.egress_port import loopback_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(120)]

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and uses recvmmsg")


def run_benchmark(directory: Path, subjects: Sequence[str], page: Path) -> dict[str, Any]:
    figures = directory / "figures.json"
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.sfu", "--viewers", "1,3", "--seconds", "1"]
        + ["--settle", "0.2", "--subjects", ",".join(subjects)]
        + ["--json", str(figures), "--docs", str(page)],
        cwd=ROOT,
        env=environment_without_coverage(),
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

    here = [subject for subject in SUBJECTS if subject.why_not() is None]
    figures = run_benchmark(tmp_path, ["floor", *(subject.name for subject in here)], page)

    # Janus among them only where it is installed, and the tests are run by root.
    titles = ["floor", *(subject.title for subject in here)]
    rows = {(row["subject"], row["viewers"]): row for row in figures["rows"]}
    assert figures["skipped"] == {}
    assert list(rows) == [(title, count) for title in titles for count in (1, 3)]
    assert all(row["packets_per_second"] > 0 for row in figures["rows"])
    assert rows["LiveRelay", 1]["latency_ms"]["p50"] > 0
    assert rows["LiveRelay", 3]["latency_ms"]["p50"] > 0
    assert rows["LiveRelay", 3]["joins"] == 2
    assert rows["LiveRelay", 3]["joining_latency_ms"]["max"] > 0
    assert "2 joined while 1 watched: " in report.markdown(figures)
    assert report.markdown(figures) in page.read_text("utf-8")


@_LINUX
def test_what_is_not_here_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text("utf-8"), "utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))

    figures = run_benchmark(tmp_path, ["janus"], page)

    assert figures["rows"] == []
    assert "janus is not installed" in figures["skipped"]["Janus"]


@_LINUX
def test_a_viewer_that_gets_nothing_any_more_is_told_from_one_that_does() -> None:
    crowd = Crowd(2, 0.0, frozenset())
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    viewers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    with sender, viewers[0], viewers[1]:
        for viewer in viewers:
            viewer.bind(("127.0.0.1", 0))
            crowd.add(None, viewer)
        joined = time.monotonic()
        for payload_type in (VIDEO_PAYLOAD_TYPE, AUDIO_PAYLOAD_TYPE):
            packet = struct.pack("!BBHII", 0x80, payload_type, 1, 0, payload_type)
            sender.sendto(packet, viewers[0].getsockname())
        while crowd.packets < 2:
            crowd.sweep()
        heard = time.monotonic()

        assert crowd.stalled(joined + 0.5) == 0
        assert crowd.silence(joined + 0.5, since=joined) == {96: 0.0, 111: 0.0}
        # Who has got nothing at all has been silent since it joined.
        assert crowd.stalled(heard + 5.0) == 2
        silence = crowd.silence(heard + 5.0, since=heard + 2.0)
        assert silence == pytest.approx({96: 6.0, 111: 6.0})


def test_what_was_sent_to_viewers_that_got_nothing_is_expected_of_them() -> None:
    publisher = (
        {"at": 0.0, "sent": {"96": 0, "111": 0}},
        {"at": 10.0, "sent": {"96": 2400, "111": 500}, "silence": {"96": 0.0, "111": 0.0}},
    )
    crowd = ({"at": 0.1, "sent": {}}, {"at": 10.1, "sent": {}, "silence": {"96": 3.0, "111": 2.0}})

    assert sfu.unheard([publisher, crowd]) == 3 * 240 + 2 * 50


def test_probes_are_the_first_viewer_the_last_and_one_in_the_middle() -> None:
    assert places_of([1]) == {0}
    assert places_of([1, 10, 200]) == {0, 5, 9, 100, 199}


@pytest.mark.parametrize("case", recovery.CASES, ids=lambda case: case.title)
def test_cost_of_recovery_is_measured_in_every_case(case: recovery.Case) -> None:
    with loopback_port() as port:
        cost = recovery.Run(case, viewers=3, port=port).measure(0.5)

    assert cost > 0


@_LINUX
@pytest.mark.parametrize(("more", "verdict"), [(0.149, "within"), (0.151, "above")])
def test_cost_of_recovery_is_judged_and_has_its_place_on_the_page(
    more: float, verdict: str
) -> None:
    costs = dict.fromkeys((case.title for case in recovery.CASES), recovery.Cost(2e-6, 0.0))
    costs[recovery.WITH.title] = recovery.Cost(2e-6 * (1 + more), more)
    page = (ROOT / "docs" / "network.md").read_text("utf-8")

    text = recovery.markdown(costs, viewers=3)

    assert f"simulcast are {verdict} the 15%" in text
    assert recovery.is_within(costs) is (verdict == "within")
    assert pages.replaced(page, "recovery", "make bench-recovery", text) is not None
