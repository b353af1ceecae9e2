"""Showing the figures: a table on the terminal, and the one in the documentation."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import pages
from benchmarks.overview import overview

_COLUMNS = (
    "server",
    "viewers",
    "packets/s",
    "µs/packet",
    "user",
    "system",
    "CPU %",
    "loss %",
    "p50 ms",
    "p99 ms",
    "max ms",
    "RSS MB",
    "kB/viewer",
    "answer ms p50 / p99",
    "first packet ms p50 / p99",
    "joins/s",
    "while joining ms p50 / p99 / max",
    "generator CPU %",
)

# Up to this many percent a server counts as carrying its viewers.
_GOOD_LOSS = 0.1

# How much of a core docs/performance.md plans with.
_PLANNED_SHARE = 0.6

_console = Console(stderr=True)


def print_note(text: str) -> None:
    _console.print(text, markup=False, highlight=False)


def print_row(row: dict[str, Any]) -> None:
    named = zip(_COLUMNS[1:], cells(row)[1:], strict=True)
    print_note("  " + ", ".join(f"{name} {cell}" for name, cell in named if cell != "–"))


def add_memory(row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Note what each viewer beyond the first measurement's took."""
    more = row["viewers"] - rows[0]["viewers"] if rows else 0
    grown = row["rss_mb"] - rows[0]["rss_mb"] if rows else 0
    row["kb_per_viewer"] = round(1000 * grown / more, 1) if more else None


def cells(row: dict[str, Any]) -> list[str]:
    latency = row["latency_ms"] or {}
    return [
        str(row["subject"]),
        _viewers(row),
        f"{row['packets_per_second']:,}",
        f"{row['us_per_packet']:.2f}",
        f"{row['us_user']:.2f}",
        f"{row['us_system']:.2f}",
        f"{row['cpu_percent']:.0f}",
        f"{row['loss_percent']:g}",
        *(_number(latency.get(name)) for name in ("p50", "p99", "max")),
        f"{row['rss_mb']:.0f}",
        _number(row["kb_per_viewer"]),
        _pair(row["answer_ms"]),
        _pair(row["first_packet_ms"]),
        _number(row["joins_per_second"]),
        _latency(row["joining_latency_ms"]),
        f"{row['generator_cpu_percent']:.0f}",
    ]


def print_table(figures: dict[str, Any]) -> None:
    table = Table(title=describe(figures), title_justify="left", pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "server" else "right")
    previous = None
    for row in figures["rows"]:
        if previous not in (None, row["subject"]):
            table.add_section()
        previous = row["subject"]
        table.add_row(*cells(row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def describe(figures: dict[str, Any]) -> str:
    """Return what the figures were measured on, in a sentence."""
    machine = figures["machine"]
    return (
        f"{machine['cores']} cores of {machine['cpu']}, Linux {machine['kernel']}, "
        f"Python {machine['python']}, {figures['taken_at_utc']}, {figures['seconds']:g} s each, "
        f"load average {machine['load_at_start']} at the start"
    )


def renew_page(page: Path, figures: dict[str, Any]) -> None:
    """Replace what is between the markers of a page: the figures, or an overview of them."""
    page.write_text(renewed(page.read_text("utf-8"), figures, name=str(page)), "utf-8")


def renewed(text: str, figures: dict[str, Any], *, name: str) -> str:
    """Return a page's text with the figures in it."""
    for block, render in {"figures": markdown, "overview": overview}.items():
        new = pages.replaced(text, block, "make bench", render(figures))
        if new is not None:
            return new
    raise SystemExit(f"{name} has no place for the figures of `make bench`")


def markdown(figures: dict[str, Any]) -> str:
    lines = [f"Measured on {describe(figures)}.", ""]
    lines.append("| " + " | ".join(_COLUMNS) + " |")
    lines.append("|---|" + "---:|" * (len(_COLUMNS) - 1))
    lines += ["| " + " | ".join(cells(row)) + " |" for row in figures["rows"]]
    lines += _summary(figures["rows"])
    profiles = {row["subject"]: row["profile"] for row in figures["rows"] if row.get("profile")}
    if profiles:
        named = ", ".join(f"{subject} {profile}" for subject, profile in profiles.items())
        lines += ["", f"Encryption that each server chose: {named}."]
    for subject, reason in figures["skipped"].items():
        lines += ["", f"{subject} was not measured: {reason}."]
    return "\n".join(lines) + "\n"


def _summary(rows: list[dict[str, Any]]) -> list[str]:
    """Return what follows from LiveRelay's largest room without loss."""
    ours = [r for r in rows if r["subject"] == "LiveRelay" and r["loss_percent"] < _GOOD_LOSS]
    if not ours:
        return []
    row = max(ours, key=lambda each: each["viewers"])
    rate = row["packets_per_second"] / row["viewers"]
    carried = 1e6 / (rate * row["us_per_packet"])
    text = (
        f"With {row['viewers']} viewers a packet to a viewer cost {row['us_per_packet']:.2f} µs, "
        f"and each got {rate:.0f} a second: by the rule of thumb {carried:.0f} viewers to a whole "
        f"core, {_PLANNED_SHARE * carried:.0f} to plan with."
    )
    floors = [r for r in rows if r["subject"] == "floor" and r["viewers"] == row["viewers"]]
    if floors:
        text += f" That is {row['us_per_packet'] / floors[0]['us_per_packet']:.2f} times the floor."
    return ["", text, *_burst(row)]


def _burst(row: dict[str, Any]) -> list[str]:
    """Return how it went when the last of the viewers joined while the others watched."""
    latency = row["joining_latency_ms"]
    if latency is None or not row["joins"]:
        return []
    took = row["joins"] / row["joins_per_second"]
    text = (
        f"{row['joins']} joined while {row['viewers'] - row['joins']} watched: that took "
        f"{took:.1f} s, half were answered within {row['answer_ms']['p50']:.0f} ms, and meanwhile "
        f"99 % of the packets to those who watched were on their way within {latency['p99']:.1f} "
        f"ms, the slowest after {latency['max']:.1f}."
    )
    return ["", text]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _viewers(row: dict[str, Any]) -> str:
    troubles = {"not joined": row["joins_failed"], "stalled": row["stalled"]}
    notes = [f"{count} {trouble}" for trouble, count in troubles.items() if count]
    return f"{row['viewers']} ({', '.join(notes)})" if notes else str(row["viewers"])


def _latency(values: dict[str, float] | None) -> str:
    return "–" if values is None else " / ".join(f"{values[n]:.1f}" for n in ("p50", "p99", "max"))


def _pair(values: dict[str, float] | None) -> str:
    return "–" if values is None else f"{values['p50']:.0f} / {values['p99']:.0f}"


if __name__ == "__main__":
    for path in sys.argv[2:]:
        renew_page(Path(path), json.loads(Path(sys.argv[1]).read_text("utf-8")))
