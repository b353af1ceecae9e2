from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from liverelay.server import vitals
from liverelay.server.metrics.histogram import Histogram
from liverelay.server.vitals import LoopLagMonitor, memory_size

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.asyncio
async def test_lag_is_how_long_the_loop_was_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "_INTERVAL", 0.01)
    times = Histogram([1.0])
    monitor = LoopLagMonitor(times)
    before = monitor.worst

    hold_up()
    while not (lag := monitor.worst):
        await turn()
    monitor.close()

    assert before == 0.0
    assert 0.04 <= lag < 5.0
    assert times.sum >= lag


@pytest.mark.asyncio
async def test_lag_of_more_than_a_second_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "_INTERVAL", 0.001)
    monitor = LoopLagMonitor(Histogram([1.0]))
    hold_up()
    while not monitor.worst:
        await turn()

    while monitor.worst > 0.05:
        await turn()
    monitor.close()


def hold_up() -> None:
    """Do what nothing in the server may: keep the event loop from turning."""
    time.sleep(0.06)


async def turn() -> None:
    await asyncio.sleep(0)


def test_memory_is_what_is_resident() -> None:
    assert 1_000_000 < memory_size() < 10_000_000_000


def test_where_the_system_does_not_tell_memory_is_the_most_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = memory_size()
    monkeypatch.setattr(vitals, "_MEMORY", tmp_path / "missing")

    assert memory_size() >= now // 2
