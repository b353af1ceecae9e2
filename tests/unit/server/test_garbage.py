from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from liverelay.server import garbage
from liverelay.server.garbage import GarbageSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.asyncio


class Circle:
    """Garbage that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


class Server:
    """Says how many sessions there are, and notes each time that it is asked."""

    def __init__(self) -> None:
        self.sessions = 0
        self._asked = asyncio.Event()

    def is_empty(self) -> bool:
        self._asked.set()
        return self.sessions == 0

    async def rounds(self, count: int) -> None:
        """Wait until the schedule has looked that often."""
        for _ in range(count):
            self._asked.clear()
            await self._asked.wait()


@contextlib.contextmanager
def schedule(server: Server) -> Iterator[None]:
    with contextlib.closing(GarbageSchedule(server.is_empty)):
        yield


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_INTERVAL", 0.001)
    monkeypatch.setattr(garbage, "memory_size", lambda: 1000)


def old_circle() -> weakref.ref[Circle]:
    """Make a circle that has lived for long when it becomes garbage."""
    circle = Circle()
    gc.collect(1)
    return weakref.ref(circle)


async def test_what_lives_long_is_hidden_from_the_collector() -> None:
    server = Server()
    with schedule(server):
        kept: list[list[int]] = [[] for _ in range(1000)]

        await server.rounds(2)

        assert not any(each is kept for each in gc.get_objects(generation=2))
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0


async def test_garbage_stays_as_long_as_somebody_is_there_and_goes_with_the_last() -> None:
    server = Server()
    server.sessions = 1
    with schedule(server):
        circle = old_circle()
        await server.rounds(3)
        while_there = circle()

        del while_there
        server.sessions = 0
        await server.rounds(2)

        assert circle() is None


async def test_garbage_goes_when_memory_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.sessions = 1
    with schedule(server):
        circle = old_circle()
        await server.rounds(2)
        assert circle() is not None

        monkeypatch.setattr(garbage, "memory_size", lambda: 1501)
        await server.rounds(2)

        assert circle() is None


async def test_python_makes_no_full_collection_of_its_own_accord() -> None:
    before = gc.get_threshold()
    with schedule(Server()):
        full = gc.get_stats()[2]["collections"]

        kept: list[list[int]] = [[] for _ in range(200_000)]

        assert gc.get_stats()[2]["collections"] == full
        assert len(kept) == 200_000
    assert gc.get_threshold() == before
