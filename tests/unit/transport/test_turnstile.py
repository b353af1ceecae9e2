from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket

import pytest

from liverelay.transport.turnstile import AT_ONCE, Turnstile

pytestmark = pytest.mark.asyncio


class Turns:
    """Counts the turns of the event loop, and notes in which of them somebody goes through."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._loop = asyncio.get_running_loop()
        self.now = 0
        self.passed: list[tuple[str, int]] = []
        self._handle = self._loop.call_soon(self._next)

    def _next(self) -> None:
        self.now += 1
        self._handle = self._loop.call_soon(self._next)

    async def enter(self, name: str) -> None:
        await self._turnstile.enter()
        self.passed.append((name, self.now))

    def close(self) -> None:
        self._handle.cancel()


async def test_who_finds_nobody_goes_through_at_once() -> None:
    turnstile = Turnstile()
    with contextlib.closing(Turns(turnstile)) as turns:
        await turns.enter("first")

        assert turns.passed == [("first", 0)]


async def test_few_go_through_in_each_turn_in_the_order_in_which_they_came() -> None:
    turnstile = Turnstile()
    with contextlib.closing(Turns(turnstile)) as turns:
        names = [str(number) for number in range(20)]

        await asyncio.gather(*(turns.enter(name) for name in names))

        taken = [turn for _, turn in turns.passed]
        assert [name for name, _ in turns.passed] == names
        assert max(taken.count(turn) for turn in taken) == AT_ONCE


async def test_who_was_cancelled_takes_nobodys_place() -> None:
    turnstile = Turnstile()
    with contextlib.closing(Turns(turnstile)) as turns:
        tasks = [asyncio.create_task(turns.enter(str(number))) for number in range(10)]
        await asyncio.sleep(0)
        for task in tasks[1:-1]:
            task.cancel()

        await asyncio.gather(*tasks, return_exceptions=True)

        (first, _), (last, _) = turns.passed
        assert (first, last) == ("0", "9")


async def test_turnstile_is_free_again_after_all_have_gone_through() -> None:
    turnstile = Turnstile()
    with contextlib.closing(Turns(turnstile)) as turns:
        await asyncio.gather(*(turns.enter(str(number)) for number in range(5)))
        # Two more turns: one in which nobody is left, and one to be sure of it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        before = turns.now
        await turns.enter("last")

        assert turns.passed[-1] == ("last", before)


async def test_sockets_are_read_between_those_who_wait() -> None:
    turnstile = Turnstile()
    passed_before_reads: list[int] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs, contextlib.closing(Turns(turnstile)) as turns:
        ours.setblocking(False)
        loop = asyncio.get_running_loop()

        def read() -> None:
            passed_before_reads.append(len(turns.passed))
            theirs.send(ours.recv(1))

        loop.add_reader(ours.fileno(), read)
        theirs.send(b"x")
        await asyncio.gather(*(turns.enter(str(number)) for number in range(20)))
        loop.remove_reader(ours.fileno())

    steps = [after - before for before, after in itertools.pairwise(passed_before_reads)]
    assert len(steps) >= 20 // AT_ONCE - 1
    assert max(steps) <= AT_ONCE
