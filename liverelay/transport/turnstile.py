"""One thing after another: what takes a millisecond, and is wanted by many at once.

The event loop runs all that is ready before it looks at its sockets again. When sixteen peers join
together, that is a request and a flight of DTLS of each: up to thirty milliseconds in which no
packet is read.
"""

from __future__ import annotations

import asyncio
from collections import deque

# Of half a millisecond each, on average. With one alone there would be as many bursts of packets
# as there are steps of joins; those are smaller then, and cost more for each packet.
AT_ONCE = 2


class Turnstile:
    """Lets a few through in each turn of the event loop, in the order in which they came.

    So sockets are read in between. Whoever finds nobody there goes through at once. What waits is
    bounded by who does: a request of each connection, and a flight of each session.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_turning = False

    async def enter(self) -> None:
        """Wait for a turn of the event loop in which few others go through."""
        loop = asyncio.get_running_loop()
        if not self._is_turning:
            self._is_turning = True
            loop.call_soon(self._turn)
            return
        waiting = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def _turn(self) -> None:
        if self._let_through():
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._is_turning = False

    def _let_through(self) -> int:
        """Return how many there were to be let through."""
        count = 0
        while self._waiting and count < AT_ONCE:
            waiting = self._waiting.popleft()
            if not waiting.done():  # as one is that was cancelled
                waiting.set_result(None)
                count += 1
        return count
