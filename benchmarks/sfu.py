"""What forwarding costs: one publisher, many viewers, this server and others side by side.

`python -m benchmarks.sfu` (or `make bench`). Everything runs on this machine: on 127.0.0.1, or in
a namespace for Janus. docs/performance.md says how to read the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
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


class Measurement:
    """One server, from one viewer to many; `rows` grows with each number of them."""

    def __init__(self, subject: Subject, options: argparse.Namespace) -> None:
        self.rows: list[dict[str, Any]] = []
        self._subject = subject
        self._options = options

    async def run(self, counts: Sequence[int]) -> None:
        async with self._subject.start() as running:
            argument = worker_argument(
                counts,
                signalling=running.signalling,
                options=running.options,
                ip=running.ip,
                is_decoded=running.is_decoded,
                nacked=self._options.nacks / 100,
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
        publisher, crowd = workers
        profile = (await publisher.ask(do="publish"))["profile"]
        present = 0
        for count in counts:
            joined = await crowd.ask(
                do="add", count=count - present, parallel=self._options.parallel
            )
            # The first to join meets a server that has done nothing yet: no measure of joining.
            joins = _joins(joined if present else None)
            if joined["failures"]:
                report.print_note(
                    f"{len(joined['failures'])} joins failed: {joined['failures'][0]}"
                )
            present = count
            await asyncio.sleep(self._options.settle)
            is_relayed = not running.is_decoded
            row = await measure(running.pid, workers, self._options.seconds, is_relayed=is_relayed)
            row = {"subject": self._subject.title, "viewers": count, **row, **joins}
            row["profile"] = profile
            report.add_memory(row, self.rows)
            self.rows.append(row)
            report.print_row(row)


def worker_argument(counts: Sequence[int], **options: object) -> str:
    """Return what a worker is started with; it is told how many viewers there will be, too."""
    return json.dumps({"counts": list(counts), **options})


async def measure(
    pid: int, workers: Sequence[Child], seconds: float, *, is_relayed: bool = True
) -> dict[str, Any]:
    """Return what the process `pid` used, and what arrived, in the next seconds.

    Only of what is relayed is it known from the publisher how much of it viewers should get.
    """
    before = [await worker.ask(do="stats") for worker in workers]
    used_before, begun = usage(pid), time.monotonic()
    await asyncio.sleep(seconds)
    used, lasted = usage(pid), time.monotonic() - begun
    after = [await worker.ask(do="stats") for worker in workers]
    pairs = list(zip(before, after, strict=True))

    def total(name: str) -> float:
        """Return a count for the time in which CPU was counted; each worker has its own."""
        return float(sum((b[name] - a[name]) * lasted / (b["at"] - a["at"]) for a, b in pairs))

    packets, received = max(1.0, total("packets")), total("received")
    expected = total("expected") + (unheard(pairs) if is_relayed else 0.0)
    user, system = used.user - used_before.user, used.system - used_before.system
    latency = next((Spread(**each["latency"]) for each in after if each["latency"]), None)
    return {
        "packets_per_second": round(packets / lasted),
        "us_per_packet": round(1e6 * (user + system) / packets, 2),
        "us_user": round(1e6 * user / packets, 2),
        "us_system": round(1e6 * system / packets, 2),
        "cpu_percent": round(100 * (user + system) / lasted, 1),
        "loss_percent": round(100 * max(0.0, 1 - received / max(1.0, expected)), 3),
        "stalled": sum(each["stalled"] for each in after),
        "latency_ms": latency.scaled(1000).to_json(2) if latency else None,
        "rss_mb": round(used.resident / 1e6, 1),
        "generator_cpu_percent": round(100 * total("cpu") / lasted, 1),
    }


def unheard(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> float:
    """Return how many packets were sent while viewers got nothing, gaps in what they got aside."""
    rates: Counter[str] = Counter()
    silence: Counter[str] = Counter()
    for before, after in pairs:
        lasted = after["at"] - before["at"]
        for payload_type, sent in after["sent"].items():
            rates[payload_type] += (sent - before["sent"][payload_type]) / lasted
        silence.update(after["silence"])
    return sum(rates[payload_type] * silent for payload_type, silent in silence.items())


def _joins(joined: dict[str, Any] | None) -> dict[str, Any]:
    """Return how joining went, and what it cost those who were there already."""
    if joined is None:
        names = ("joins", "joins_per_second", "joins_failed", "answer_ms", "first_packet_ms")
        return dict.fromkeys((*names, "joining_latency_ms"))
    answer, media = spread(joined["answers"]), spread(joined["media"])
    latency = Spread(**joined["latency"]) if joined["latency"] else None
    return {
        "joins": len(joined["media"]),
        "joins_per_second": round(len(joined["media"]) / joined["seconds"], 1),
        "joins_failed": len(joined["failures"]),
        "answer_ms": answer.scaled(1000).to_json(1) if answer else None,
        "first_packet_ms": media.scaled(1000).to_json(1) if media else None,
        "joining_latency_ms": latency.scaled(1000).to_json(2) if latency else None,
    }


async def measure_floor(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the sending alone; its viewers are bare sockets."""
    argument = worker_argument(
        options.viewers,
        signalling="relay",
        options={"url": ""},
        ip="127.0.0.1",
        is_decoded=False,
        nacked=0.0,
    )
    crowd = await Child.start("benchmarks.worker", argument)
    floor = await Child.start("benchmarks.floor")
    rows: list[dict[str, Any]] = []
    try:
        present = 0
        for count in options.viewers:
            opened = await crowd.ask(do="open", count=count - present)
            await floor.ask(do="send", addresses=opened["addresses"])
            present = count
            await asyncio.sleep(options.settle)
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
    parser.add_argument(
        "--settle",
        type=float,
        default=1.5,
        help="seconds before each, until the keyframes for who joined last have gone by",
    )
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
