"""How long the server had each packet, seen by the first viewer, the last and one in the middle.

The kernel notes when it puts a packet into a viewer's socket, within the system call by which the
server sends it. That is compared with the stamp that the publisher writes just before it seals and
sends. So what the viewers' processes take to read is not in it, however busy they are.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import numpy as np

from liverelay.loadtest.figures import Histogram
from liverelay.loadtest.source import read_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.loadtest.figures import Spread
    from liverelay.loadtest.viewer import Viewer

# The socket module has no name for it, nor for the message with the time (both 64-bit Linux).
_SO_TIMESTAMPNS = 35

# struct cmsghdr and struct timespec, in words of 8 bytes.
CONTROL_WORDS = 4
_SECONDS, _NANOSECONDS = 2, 3

_CLOCK_TRIES = 5

# Every so many packets, by their numbers.
_SELDOM = 64


def places_of(counts: Iterable[int]) -> frozenset[int]:
    """Return which viewers, in the order of their joining, are needed for these numbers of them."""
    return frozenset().union(*(_measured_among(count) for count in counts))


class Probes:
    """The viewers at `places`, who can decrypt what they get; `begin` chooses those who measure.

    The others decrypt a packet now and then, or libsrtp would miss a wrap of the numbers.
    """

    def __init__(self, places: frozenset[int], rows: int) -> None:
        self.controls = np.zeros((rows, CONTROL_WORDS), np.int64)
        self._places = places
        self._viewers: dict[int, Viewer] = {}
        self.begin(0)

    def add(self, place: int, viewer: Viewer, read: socket.socket) -> None:
        """Note a viewer that has joined, and reads `read`, if it is one of ours."""
        if place in self._places:
            read.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._viewers[place] = viewer

    def begin(self, present: int) -> None:
        """Measure anew, among so many viewers."""
        # Where joins have failed, it is the nearest.
        near = [sorted(self._viewers, key=lambda p: abs(p - m)) for m in _measured_among(present)]
        self._measured = {places[0] for places in near if places}
        self._latencies = Histogram()
        self._offset = _wall_clock_offset()

    @property
    def places(self) -> list[int]:
        """Who of them has joined."""
        return list(self._viewers)

    def spread(self) -> Spread | None:
        return self._latencies.spread()

    def open(self, row: int, place: int, datagram: bytes) -> None:
        """Take a packet of the viewer at `place`, received in `row`."""
        is_measured = place in self._measured
        if not is_measured and datagram[3] % _SELDOM:
            return
        packet = self._viewers[place].open_rtp(datagram)
        made_at = None if packet is None else read_stamp(packet)
        if made_at is not None and is_measured:
            control = self.controls[row]
            arrived = int(control[_SECONDS]) * 1_000_000_000 + int(control[_NANOSECONDS])
            self._latencies.add((arrived - self._offset) / 1e9 - made_at)


def _measured_among(present: int) -> frozenset[int]:
    return frozenset({0, present // 2, present - 1} if present else ())


def _wall_clock_offset() -> int:
    """Return how far the kernel's wall clock is ahead of its monotonic one, in nanoseconds."""
    tries = []
    for _ in range(_CLOCK_TRIES):
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        tries.append((after - before, wall - (before + after) // 2))
    return min(tries)[1]  # the one that was interrupted least
