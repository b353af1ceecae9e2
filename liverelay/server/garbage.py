"""When Python looks for garbage: not while packets wait for it.

A full collection looks at every object there is. With 400 viewers that took 42 ms, in which nothing
was forwarded, and the time grows with the viewers. Hardly anything depends on it: what a session
leaves is freed without it, because nothing of an ended session refers in a circle; asyncio's HTTP
connections do, with 700 bytes each.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from liverelay.server.vitals import memory_size

if TYPE_CHECKING:
    from collections.abc import Callable

# Collections of the young: of so many objects, and of four times as many every fourth time, which
# takes a millisecond. The third number keeps Python from full collections of its own accord.
_THRESHOLDS = (700, 4, 1_000_000_000)

_INTERVAL = 30.0

# So much more memory than after the last full collection may be garbage: worth a pause.
_GROWTH = 1.5


class GarbageSchedule:
    """Hides what lives long from the collector, and collects everything when nobody is disturbed.

    That is while `is_idle` says so, or when memory has grown by half since the last time. It is for
    a process that does nothing else: the collector belongs to all of it.
    """

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle
        self._was_idle = True
        self._memory_size = 0
        self._loop = asyncio.get_running_loop()
        self._thresholds = gc.get_threshold()
        self._timer = self._loop.call_later(_INTERVAL, self._ring)
        gc.set_threshold(*_THRESHOLDS)
        self._collect_everything()

    def close(self) -> None:
        self._timer.cancel()
        gc.unfreeze()
        gc.set_threshold(*self._thresholds)

    def _ring(self) -> None:
        self._timer = self._loop.call_later(_INTERVAL, self._ring)
        is_idle = self._is_idle()
        if (is_idle and not self._was_idle) or memory_size() > _GROWTH * self._memory_size:
            self._collect_everything()
        else:
            # What is young may be garbage still, which would be hidden with the rest.
            gc.collect(1)
            gc.freeze()
        self._was_idle = is_idle

    def _collect_everything(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._memory_size = memory_size()
