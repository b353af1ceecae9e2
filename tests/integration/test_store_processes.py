"""Many processes on one store, and processes that die in the middle."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from liverelay.store.catalogue import Catalogue
from liverelay.store.store import Store
from liverelay.utc import unix_now_ns
from tests.support.store_writers import churn, use_first, write_until_killed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WRITERS = 8
_ROUNDS = 20
_KILLS = 200
_SEED = 20260504


def _run_together(
    directory: Path, target: Callable[..., None], *arguments: int, seeded: bool = False
) -> list[dict[str, list[str]]]:
    """Run `target` in as many new processes at once and return what each reports."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(_WRITERS)
    reports = [directory.parent / f"report-{number}.json" for number in range(_WRITERS)]
    processes = [
        context.Process(
            target=target,
            args=(directory, start, report, *([number] if seeded else []), *arguments),
        )
        for number, report in enumerate(reports)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        process.close()
    return [json.loads(report.read_text()) for report in reports]


@pytest.mark.slow
def test_no_process_loses_the_change_of_another(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")

    reports = _run_together(store.directory, churn, _ROUNDS, seeded=True)

    rooms = [room_id for report in reports for room_id in report["rooms"]]
    keys = [key_id for report in reports for key_id in report["keys"]]
    revoked = [key_id for report in reports for key_id in report["revoked"]]
    assert len(set(keys + revoked)) == _WRITERS * _ROUNDS
    assert {room.room_id for room in store.rooms.list()} == set(rooms)
    assert {key.key_id for key in store.keys.list()} == set(keys)
    assert {key.key_id for key in store.keys.load().values() if not key.is_live} == set(revoked)


@pytest.mark.slow
def test_processes_that_start_together_share_one_key_and_one_secret(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")

    reports = _run_together(store.directory, use_first)

    assert len([report for report in reports if report["key"]]) == 1
    assert len({str(report["secret"]) for report in reports}) == 1
    assert len(store.keys.list()) == 1


@pytest.mark.slow
def test_store_loads_after_a_kill_at_any_instant(tmp_path: Path) -> None:
    rng = random.Random(_SEED)

    for number in range(_KILLS):
        # A new directory now and then: the first writes of all, and a store that stays small.
        store = Store(tmp_path / f"data-{number // 5}")
        journal = _kill_a_writer(store.directory, rng.uniform(0.0, 0.03))
        _check(store, journal)


def _kill_a_writer(directory: Path, delay: float) -> list[str]:
    """Kill a writer `delay` seconds after its start and return its journal."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            write_until_killed(directory, writing)
        finally:
            os._exit(1)  # Only an error gets here; the parent sees another end than by SIGKILL.
    os.close(writing)
    # The instant of the kill is what is tested, so this waits by the clock.
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    with open(reading) as journal:
        return journal.read().splitlines()


def _check(store: Store, journal: list[str]) -> None:
    Catalogue(store).load(unix_now_ns())
    store.token_secret()
    made = {line.removeprefix("+ ") for line in journal if line.startswith("+ ")}
    gone = {line.removeprefix("gone ") for line in journal if line.startswith("gone ")}
    live = {f"room {room.room_id}" for room in store.rooms.list()}
    live |= {f"key {key.key_id}" for key in store.keys.list()}
    assert made <= live
    assert not gone & live
