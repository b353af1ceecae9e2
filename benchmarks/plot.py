"""The picture for the documentation: CPU per packet and latency, by number of viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draw both curves of every server; needs the dependency group `bench`."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot, ticker

    picture, (cost, latency) = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for i, subject in enumerate(dict.fromkeys(row["subject"] for row in figures["rows"])):
        rows = [row for row in figures["rows"] if row["subject"] == subject]
        viewers = [row["viewers"] for row in rows]
        style = {"color": f"C{i}", "marker": "o", "label": subject}
        style["linestyle"] = "--" if subject == "floor" else "-"
        cost.plot(viewers, [r["us_per_packet"] for r in rows], **style)
        timed = [row for row in rows if row["latency_ms"]]
        if timed:
            p99 = [row["latency_ms"]["p99"] for row in timed]
            latency.plot([row["viewers"] for row in timed], p99, **style)
    for axes, title in (
        (cost, "Server CPU per packet sent (µs)"),
        (latency, "Added latency, 99th percentile (ms)"),
    ):
        axes.set(title=title, xlabel="viewers", xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
            axis.set_minor_formatter(ticker.LogFormatter(minor_thresholds=(1, 0.4)))
        axes.grid(visible=True, which="both", alpha=0.25)
        axes.legend()
    picture.savefig(path, dpi=110)
