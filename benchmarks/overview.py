"""The few figures that the README shows, from those of a whole run."""

from __future__ import annotations

from typing import Any

# Below this many viewers it is the cost of waking up that is measured.
_LEAST_VIEWERS = 50

_SUBJECTS = ("LiveRelay", "Janus")


def overview(figures: dict[str, Any]) -> str:
    """Return a table with a row for each number of viewers and a column for each server."""
    measured = {(row["subject"], row["viewers"]): row for row in figures["rows"]}
    subjects = [name for name in _SUBJECTS if any(name == subject for subject, _ in measured)]
    viewers = sorted({count for _, count in measured if count >= _LEAST_VIEWERS})
    lines = ["| viewers | " + " | ".join(subjects) + " |", "|---:|" + "---|" * len(subjects)]
    for count in viewers:
        cells = [_cell(measured.get((subject, count))) for subject in subjects]
        lines.append(f"| {count} | " + " | ".join(cells) + " |")
    machine = figures["machine"]
    lines += [
        "",
        "Processor time in percent of one core, packets lost, and the delay that 99 of 100 packets "
        f"stay below. Server and clients shared {machine['cores']} cores of {machine['cpu']}; "
        f"measured on {figures['taken_at_utc'][:10]}.",
    ]
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    latency = (row["latency_ms"] or {}).get("p99")
    delay = "" if latency is None else f", {latency:,.0f} ms"
    return f"{row['cpu_percent']:.0f} %, {row['loss_percent']:.0f} % lost{delay}"
