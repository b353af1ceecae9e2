"""Giving memory back to the system, which the C library would keep.

OpenSSL takes 70 kB for a connection and lets go of them a second after the handshake. Where many
join at once, what is made to stay lies between what has gone, and glibc gives back only what is
free at the end of its heap. With 200 viewers who joined within a second that was 60 kB for each of
them, more than all that is kept.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# It takes a millisecond with 400 viewers, and whoever joins next has to be given pages again.
_INTERVAL = 2.0


class HeapTrim:
    """Has glibc give back the free pages of its heap, wherever in it they are.

    Looked at every two seconds, and done if anything has been let go of since: `releases` returns
    how often that was until now. It is for a process that does nothing else: the heap belongs to
    all of it. `trim` is `find_trim`'s.
    """

    def __init__(self, releases: Callable[[], int], trim: Callable[[int], int]) -> None:
        self._releases = releases
        self._trimmed_at = releases()
        self._trim = trim
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_INTERVAL, self._ring)

    def close(self) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        self._timer = self._loop.call_later(_INTERVAL, self._ring)
        releases = self._releases()
        if releases != self._trimmed_at:
            self._trimmed_at = releases
            self._trim(0)


def find_trim() -> Callable[[int], int]:
    """Return glibc's `malloc_trim`, or what does nothing where there is none.

    It takes how many bytes to keep at the end of the heap, and returns whether any were given back.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # musl, macOS
        return lambda _pad: 0
    trim.argtypes = (ctypes.c_size_t,)
    trim.restype = ctypes.c_int
    return trim
