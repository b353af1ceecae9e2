"""What forwarding costs: one publisher, many viewers, this server and others side by side.

`python -m benchmarks.sfu` (or `make bench`). Everything runs on this machine: on 127.0.0.1, or in
a namespace for Janus. docs/performance.md says how to read the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import plot, report
from benchmarks.lines import Child
from benchmarks.subjects import SUBJECTS, Running, Subject
from benchmarks.usage import describe_machine, usage
from liverelay.loadtest.figures import Spread, spread
from liverelay.utc import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

_VIEWERS = (1, 10, 50, 100, 200, 400)
_FLOOR = "floor"

# Until the keyframes for those who joined last have gone by.
_SETTLE_TIME = 1.5


class Measurement:
    """One server, from one viewer to many; `rows` grows with each number of them."""

    def __init__(self, subject: Subject, options: argparse.Namespace) -> None:
        self.rows: list[dict[str, Any]] = []
        self._subject = subject
        self._options = options

    async def run(self, counts: Sequence[int]) -> None:
        async with self._subject.start() as running:
            argument = json.dumps(
                {
                    "signalling": running.signalling,
                    "options": running.options,
                    "ip": running.ip,
                    "is_decoded": running.is_decoded,
                    "nacked": self._options.nacks / 100,
                }
            )
            workers = [
                await Child.start("benchmarks.worker", argument, prefix=running.prefix)
                for _ in range(2)
            ]
            try:
                await self._rise(running, workers, counts)
            finally:
                for worker in workers:
                    await worker.end()

    async def _rise(self, running: Running, workers: list[Child], counts: Sequence[int]) -> None:
        first, crowd = workers
        profile = (await first.ask(do="publish"))["profile"]
        await first.ask(do="probe")
        present = 1
        for count in counts:
            joined = None
            if count > present:
                joined = await crowd.ask(
                    do="add", count=count - present, parallel=self._options.parallel
                )
                present = count
            await asyncio.sleep(_SETTLE_TIME)
            row = await measure(running.pid, workers, self._options.seconds)
            row = {"subject": self._subject.title, "viewers": count, **row, **_joins(joined)}
            row["profile"] = profile
            report.add_memory(row, self.rows)
            self.rows.append(row)
            report.print_row(row)


async def measure(pid: int, workers: Sequence[Child], seconds: float) -> dict[str, Any]:
    """Return what the process `pid` used, and what arrived, in the next seconds."""
    before = [await worker.ask(do="stats") for worker in workers]
    used_before, begun = usage(pid), time.monotonic()
    await asyncio.sleep(seconds)
    used, lasted = usage(pid), time.monotonic() - begun
    after = [await worker.ask(do="stats") for worker in workers]

    def total(name: str) -> float:
        return float(sum(b[name] - a[name] for a, b in zip(before, after, strict=True)))

    packets = max(1.0, total("packets"))
    user, system = used.user - used_before.user, used.system - used_before.system
    latency = next((Spread(**each["latency"]) for each in after if each["latency"]), None)
    expected, received = total("expected"), total("received")
    return {
        "packets_per_second": round(packets / lasted),
        "us_per_packet": round(1e6 * (user + system) / packets, 2),
        "us_user": round(1e6 * user / packets, 2),
        "us_system": round(1e6 * system / packets, 2),
        "cpu_percent": round(100 * (user + system) / lasted, 1),
        "loss_percent": round(100 * max(0.0, 1 - received / max(1.0, expected)), 3),
        "latency_ms": latency.scaled(1000).to_json(2) if latency else None,
        "rss_mb": round(used.resident / 1e6, 1),
        "generator_cpu_percent": round(100 * total("cpu") / lasted, 1),
    }


def _joins(joined: dict[str, Any] | None) -> dict[str, Any]:
    if joined is None:
        return {"joins_per_second": None, "answer_ms": None, "first_packet_ms": None}
    answer, media = spread(joined["answers"]), spread(joined["media"])
    if joined["failures"]:
        report.print_note(f"{len(joined['failures'])} joins failed: {joined['failures'][0]}")
    return {
        "joins_per_second": round(len(joined["media"]) / joined["seconds"], 1),
        "answer_ms": answer.scaled(1000).to_json(1) if answer else None,
        "first_packet_ms": media.scaled(1000).to_json(1) if media else None,
        "joins_failed": len(joined["failures"]),
    }


async def measure_floor(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the sending alone; its viewers are bare sockets."""
    argument: dict[str, Any] = {"signalling": "relay", "options": {"url": ""}, "ip": "127.0.0.1"}
    argument |= {"is_decoded": False, "nacked": 0.0}
    crowd = await Child.start("benchmarks.worker", json.dumps(argument))
    floor = await Child.start("benchmarks.floor")
    rows: list[dict[str, Any]] = []
    try:
        present = 0
        for count in options.viewers:
            opened = await crowd.ask(do="open", count=count - present)
            await floor.ask(do="send", addresses=opened["addresses"])
            present = count
            await asyncio.sleep(_SETTLE_TIME)
            row = await measure(floor.pid, [crowd], options.seconds)
            row = {"subject": "floor", "viewers": count, **row, **_joins(None)}
            report.add_memory(row, rows)
            rows.append(row)
            report.print_row(row)
    finally:
        await floor.end()
        await crowd.end()
    return rows


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that was asked for and can be measured here."""
    rows: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    machine = describe_machine()
    if _FLOOR in options.subjects:
        report.print_note("floor: libsrtp, sendmmsg and GSO alone")
        rows += await measure_floor(options)
    for subject in SUBJECTS:
        if subject.name not in options.subjects:
            continue
        if (reason := subject.why_not()) is not None:
            report.print_note(f"{subject.title} is skipped: {reason}")
            skipped[subject.title] = reason
            continue
        report.print_note(f"{subject.title}:")
        counts = [count for count in options.viewers if count <= subject.most_viewers]
        measurement = Measurement(subject, options)
        try:
            await measurement.run(counts)
        except RuntimeError as error:
            report.print_note(f"{subject.title} is skipped from here on: {error}")
            skipped[subject.title] = str(error)
        rows += measurement.rows
    return {
        "taken_at_utc": utc_now().isoformat(timespec="seconds"),
        "machine": machine,
        "seconds": options.seconds,
        "rows": rows,
        "skipped": skipped,
    }


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    names = [_FLOOR, *(subject.name for subject in SUBJECTS)]
    parser = argparse.ArgumentParser(description="Measure what forwarding costs.")
    parser.add_argument(
        "--viewers",
        type=lambda text: sorted({max(1, int(number)) for number in text.split(",")}),
        default=list(_VIEWERS),
        help="numbers of viewers, as 1,10,50",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    parser.add_argument("--parallel", type=int, default=16, help="joins under way at once")
    parser.add_argument(
        "--subjects",
        type=lambda text: text.split(","),
        default=names,
        help=f"which of {','.join(names)}",
    )
    parser.add_argument(
        "--nacks",
        type=float,
        default=0.0,
        help="percentage of the video packets that viewers ask for again",
    )
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--plot", type=Path, help="picture (PNG) to draw")
    parser.add_argument(
        "--docs", type=Path, nargs="+", default=[], help="pages whose figures are to be renewed"
    )
    return parser.parse_args(arguments)


def main() -> None:
    options = parse_options()
    figures = asyncio.run(run(options))
    report.print_table(figures)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.plot is not None:
        plot.draw(figures, options.plot)
    for page in options.docs:
        report.renew_page(page, figures)


if __name__ == "__main__":
    main()
