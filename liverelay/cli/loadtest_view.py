"""What `liverelay loadtest` shows: where it stands, on a terminal, and what it has found."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from liverelay.loadtest.figures import Lows, Spread
    from liverelay.loadtest.result import Result
    from liverelay.loadtest.run import Plan, Progress


@contextmanager
def shown_progress(plan: Plan) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows progress, if there is a terminal to show it on."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[clock]}"),
        TextColumn("{task.fields[figures]}"),
    )
    with Display(*columns, console=console, transient=True, refresh_per_second=4) as display:
        task = display.add_task("connecting", total=None, clock="", figures="")
        yield lambda now: _update(display, task, now, plan)


def _update(display: Display, task: TaskID, now: Progress, plan: Plan) -> None:
    figures = [
        f"{now.connected}/{plan.subscribers} connected",
        f"{now.bitrate_bps / 1e6:.1f} Mbit/s",
        f"{now.loss_percent:.2f} % lost",
    ]
    troubles = {"stalled": now.stalled, "failed": now.failed}
    figures += [f"{count} {trouble}" for trouble, count in troubles.items() if count]
    display.update(
        task,
        description=now.stage,
        # A stage of no length is about to end.
        completed=min(now.elapsed, now.total) if now.total else None,
        total=now.total or None,
        clock=f"{now.elapsed:.0f}/{now.total:.0f} s",
        figures="  ".join(figures),
        refresh=True,
    )


def fields(result: Result) -> list[tuple[str, object]]:
    """Return the rows of the final table."""
    failures = ", ".join(f"{count} x {reason}" for reason, count in result.failures.items())
    return [
        ("connected", f"{result.connected} of {result.subscribers}"),
        ("with media", f"{result.with_media} of {result.subscribers}"),
        ("stalled", f"{result.stalled} got nothing at the end" if result.stalled else "none"),
        ("failed", failures or "none"),
        ("packets", f"{result.packets} in {result.seconds:.1f} s"),
        ("bitrate", f"{result.bitrate_bps / 1e6:.2f} Mbit/s to all"),
        ("per viewer", _lows_text(result.viewer_bitrate)),
        ("loss", f"{result.loss_percent:.3f} %"),
        ("answer", _spread_text(result.answer)),
        ("first media", _spread_text(result.first_media)),
        ("latency", _spread_text(result.latency)),
        ("own CPU", f"{100 * result.own_cpu:.0f} % of a core"),
    ]


def _lows_text(lows: Lows | None) -> str:
    if lows is None:
        return "not measured"
    return f"{lows.p50:.0f} kbit/s p50, {lows.p1:.0f} kbit/s p1, {lows.minimum:.0f} kbit/s min"


def _spread_text(spread: Spread | None) -> str:
    if spread is None:
        return "not measured"
    in_ms = spread.scaled(1000)
    return f"{in_ms.p50:.1f} ms p50, {in_ms.p99:.1f} ms p99, {in_ms.maximum:.1f} ms max"
