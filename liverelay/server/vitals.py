"""How this process is doing: its memory, and whether its event loop keeps up."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.server.metrics.histogram import Histogram

# Four looks a second show any stall that viewers could notice, and cost nothing.
_INTERVAL = 0.25
_KEPT = 4

# proc(5): the second number is what is resident, in pages.
_MEMORY = Path("/proc/self/statm")

# getrusage(2) counts bytes on macOS and KiB elsewhere.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class LoopLagMonitor:
    """Measures how late a timer rings: so long did the event loop do something else."""

    def __init__(self, times: Histogram) -> None:
        """Begin to measure, and to note each measurement in `times`."""
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._recent: deque[float] = deque([0.0], maxlen=_KEPT)
        self._timer = self._loop.call_later(_INTERVAL, self._ring)

    @property
    def worst(self) -> float:
        """The longest lag of the last second, in seconds."""
        return max(self._recent)

    def close(self) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        # Clocks have a resolution, and a timer that rings early by it has no lag.
        lag = max(0.0, self._loop.time() - self._timer.when())
        self._recent.append(lag)
        self._times.observe(lag)
        self._timer = self._loop.call_later(_INTERVAL, self._ring)


def memory_size() -> int:
    """Return how many bytes of this process are in memory; where that is unknown, the most ever."""
    try:
        pages = int(_MEMORY.read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
    return pages * os.sysconf("SC_PAGE_SIZE")
