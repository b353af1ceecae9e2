from __future__ import annotations

import asyncio
import contextlib
import platform

import pytest

from liverelay.server import heap
from liverelay.server.heap import HeapTrim, find_trim
from liverelay.server.vitals import memory_size

# Small enough to come from the heap, and large enough to leave whole pages free.
BLOCK_SIZE = 60_000
BLOCKS = 500
KEPT = 10


class Process:
    """Counts what is let go of, and how often the heap is trimmed."""

    def __init__(self) -> None:
        self.released = 0
        self.trims = 0
        self._asked = asyncio.Event()

    def releases(self) -> int:
        self._asked.set()
        return self.released

    def trim(self, _pad: int) -> int:
        self.trims += 1
        return 1

    async def rounds(self, count: int) -> None:
        """Wait until it has been asked so often; what follows from it is done by then."""
        for _ in range(count):
            self._asked.clear()
            await self._asked.wait()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_INTERVAL", 0.001)


@pytest.mark.asyncio
async def test_heap_is_trimmed_once_for_all_that_was_let_go_of_since() -> None:
    process = Process()
    with contextlib.closing(HeapTrim(process.releases, process.trim)):
        await process.rounds(3)
        untouched = process.trims

        process.released = 20
        await process.rounds(3)
        once = process.trims

        process.released = 21
        await process.rounds(3)

    assert (untouched, once, process.trims) == (0, 1, 2)


@pytest.mark.asyncio
async def test_closed_trim_does_nothing_more() -> None:
    process, other = Process(), Process()
    HeapTrim(process.releases, process.trim).close()
    process.released = 1

    with contextlib.closing(HeapTrim(other.releases, other.trim)):
        await other.rounds(3)

    assert process.trims == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_trim_gives_back_what_lies_between_what_is_kept() -> None:
    blocks = [bytearray(b"x" * BLOCK_SIZE) for _ in range(BLOCKS)]
    kept = blocks[:: BLOCKS // KEPT] + blocks[-1:]
    del blocks
    before = memory_size()

    find_trim()(0)

    assert before - memory_size() > BLOCK_SIZE * BLOCKS / 2
    assert len(kept) == KEPT + 1
