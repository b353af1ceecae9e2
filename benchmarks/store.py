"""The store with many rooms: how long a server's start takes, and how long making a room takes.

`python -m benchmarks.store [--rooms 10000] [--json FILE]`. The contract asks for a start under 2 s
and a creation under 20 ms at the 99th percentile, with 10,000 rooms.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from liverelay.store.catalogue import Catalogue
from liverelay.store.records import RoomType
from liverelay.store.store import Store
from liverelay.utc import unix_now_ns

if TYPE_CHECKING:
    from collections.abc import Callable

_STARTS = 5
_KEYS = 500


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _load(directory: Path) -> None:
    Catalogue(Store(directory)).load(unix_now_ns())


def measure(directory: Path, rooms: int) -> dict[str, float]:
    """Fill the store in `directory` and return what was measured, in milliseconds."""
    store = Store(directory)
    store.token_secret()
    created = [_timed(lambda: store.rooms.create(RoomType.BROADCAST)) for _ in range(rooms)]
    keys = [_timed(lambda: store.keys.create("app")) for _ in range(_KEYS)]
    starts = [_timed(lambda: _load(directory)) for _ in range(_STARTS)]
    catalogue = Catalogue(store)
    catalogue.load(unix_now_ns())
    scans = []
    for _ in range(_STARTS):
        store.rooms.create(RoomType.BROADCAST)
        scans.append(_timed(lambda: catalogue.scan(unix_now_ns())))
    figures = {
        "room create p50": statistics.median(created),
        "room create p99": statistics.quantiles(created, n=100)[98],
        "room create max": max(created),
        "key create p50": statistics.median(keys),
        "key create p99": statistics.quantiles(keys, n=100)[98],
        "catalogue load": statistics.median(starts),
        "catalogue scan after a change": statistics.median(scans),
    }
    return {name: round(seconds * 1000, 3) for name, seconds in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the store with many rooms.")
    parser.add_argument("--rooms", type=int, default=10_000)
    parser.add_argument("--dir", type=Path, help="where to make the temporary store")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        figures = measure(Path(directory), options.rooms)
    for name, milliseconds in figures.items():
        print(f"{name:<32}{milliseconds:>10.2f} ms")
    report = {
        "rooms": options.rooms,
        "keys": _KEYS,
        "python": platform.python_version(),
        "system": platform.system(),
        "cpus": os.cpu_count(),
        "milliseconds": figures,
    }
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
