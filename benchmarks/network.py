"""What viewers see on bad networks: a matrix of losses and round trips, in simulated time.

`python -m benchmarks.network` (or `make bench-network`). It runs the server's media plane between a
simulated camera and a simulated viewer; the same seeds give the same figures on every machine. What
must hold on any network is checked for each cell. docs/network.md says how to read them.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import pages
from tests.support.network import Conditions
from tests.support.simulation.encoder import FRAMES_PER_SECOND
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.simulation.viewer import SimulatedViewer

_LOSSES = (0.0, 0.01, 0.05, 0.10, 0.20, 0.30)
_ROUND_TRIPS = (0.02, 0.1, 0.3)
# None: each packet is lost or not whatever became of the one before.
_BURSTS = (None, 4.0)
_ENDS = ("viewer", "publisher")

_SECONDS = 60.0
_SEEDS = (1, 2)
# Until the first keyframe has come.
_SETTLE_TIME = 2.0
# A pause that nobody overlooks.
_FREEZE = 0.5
# Between two requests for a keyframe, but for what a sum of fractions is off.
_QUIET_PERIOD = 0.5 - 1e-6


class Case(NamedTuple):
    """One cell of the matrix; the network at `end` is bad both ways."""

    loss: float
    burst: float | None
    round_trip: float
    end: str


class Result(NamedTuple):
    """How the viewer fared; times in seconds, recoveries in ascending order."""

    frames: float
    freezes_per_minute: float
    longest_pause: float
    recoveries: tuple[float, ...]

    def cells(self) -> list[str]:
        recovery = "–"
        if self.recoveries:
            p50, p95 = (self.recoveries[int(len(self.recoveries) * q)] for q in (0.5, 0.95))
            recovery = f"{p50 * 1000:.0f} / {p95 * 1000:.0f}"
        return [
            f"{self.frames:.1%}".replace("%", ""),
            f"{self.freezes_per_minute:.1f}",
            f"{self.longest_pause:.2f}",
            recovery,
        ]


def cases() -> Iterator[Case]:
    for burst in _BURSTS:
        for loss in _LOSSES:
            if loss == 0.0 and burst is not None:
                continue
            for round_trip in _ROUND_TRIPS:
                for end in _ENDS:
                    yield Case(loss, burst, round_trip, end)


def measure(case: Case, seconds: float = _SECONDS, seeds: Sequence[int] = _SEEDS) -> Result:
    """Return how a viewer fares on average of the seeds.

    Raises:
        AssertionError: The viewer decoded, or was sent, what it cannot use; or the publisher was
            asked for keyframes too often.
    """
    frames, pauses, recoveries = 0, [], []
    for seed in seeds:
        bad = Conditions(loss=case.loss, burst=case.burst, delay=case.round_trip / 2)
        near = Conditions(delay=0.005)
        scene = Scene(bad if case.end == "publisher" else near, seed=seed)
        viewer = scene.watch(bad if case.end == "viewer" else near)
        scene.run(_SETTLE_TIME)
        begun = scene.clock.now
        scene.run(seconds)
        _check(scene, viewer)
        decoded = viewer.judge.decoded
        frames += sum(begun <= m.captured_at + case.round_trip < begun + seconds for m in decoded)
        pauses += viewer.judge.pauses(begun, begun + seconds)
        recoveries += viewer.losses.recovery_times
    total = seconds * len(seeds)
    return Result(
        min(1.0, frames / (total * FRAMES_PER_SECOND)),
        sum(pause > _FREEZE for pause in pauses) * 60 / total,
        max(pauses),
        tuple(sorted(recoveries)),
    )


def _check(scene: Scene, viewer: SimulatedViewer) -> None:
    judge = viewer.judge
    assert not judge.faults, judge.faults
    assert not (orphans := judge.orphans(scene.received)), orphans
    for plis in scene.camera.plis.values():
        assert all(b - a > _QUIET_PERIOD for a, b in pairwise(plis)), plis


def markdown(results: dict[Case, Result]) -> str:
    """Return one table for each way of losing."""
    return "\n".join(_table(burst, results) for burst in _BURSTS)


def _table(burst: float | None, results: dict[Case, Result]) -> str:
    names = ("frames %", "freezes/min", "longest pause s", "recovery ms p50 / p95")
    head = ["loss %", "RTT ms", *(f"{end}: {name}" for end in _ENDS for name in names)]
    title = "Lost one by one:" if burst is None else f"Lost {burst:.0f} in a row on average:"
    lines = [title, "", "| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    rows = dict.fromkeys((case.loss, case.round_trip) for case in results if case.burst == burst)
    for loss, round_trip in rows:
        cells = [f"{loss * 100:g}", f"{round_trip * 1000:g}"]
        for end in _ENDS:
            cells += results[Case(loss, burst, round_trip, end)].cells()
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what viewers see on bad networks.")
    parser.add_argument("--docs", type=Path, help="page whose tables are to be renewed")
    options = parser.parse_args()
    matrix = list(cases())
    results: dict[Case, Result] = {}
    with ProcessPoolExecutor() as pool:
        for case, result in zip(matrix, pool.map(measure, matrix), strict=True):
            results[case] = result
            print(f"{len(results)} of {len(matrix)}", end="\r", file=sys.stderr)
    text = markdown(results)
    print(text)
    if options.docs is not None:
        page = options.docs.read_text("utf-8")
        new = pages.replaced(page, "figures", "make bench-network", text)
        if new is None:
            raise SystemExit(f"{options.docs} has no place for the figures")
        options.docs.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
