"""Many deadlines of one kind, of which the server needs to know only the next."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

# What is due so soon is done along with media: to wake up for it alone costs more than to do it.
SOON = 0.02

KeyT = TypeVar("KeyT")


def earliest(*deadlines: float | None) -> float | None:
    """Return the one that comes first; None where nothing is waited for."""
    first = None
    for each in deadlines:
        if each is not None and (first is None or each < first):
            first = each
    return first


class DeadlineQueue(Generic[KeyT]):
    """One deadline per key; setting it again replaces it.

    A heap of all that were ever set, where the stale ones are skipped when they surface: a room of
    a thousand viewers must not look at each of them to know when to wake up.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, KeyT]] = []
        self._current: dict[KeyT, tuple[float, int]] = {}
        self._count = 0

    def __contains__(self, key: KeyT) -> bool:
        return key in self._current

    def set(self, key: KeyT, deadline: float) -> None:
        current = self._current.get(key)
        # Peers can cause this as often as they like, and must not make the heap grow by it.
        if current is not None and current[0] == deadline:
            return
        # The running number also orders equal deadlines, so that keys are never compared.
        self._count += 1
        self._current[key] = deadline, self._count
        heapq.heappush(self._heap, (deadline, self._count, key))

    def discard(self, key: KeyT) -> None:
        self._current.pop(key, None)

    def next(self) -> float | None:
        """Return the earliest deadline."""
        heap = self._heap
        while heap and self._current.get(heap[0][2]) != heap[0][:2]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now: float, most: int | None = None) -> list[KeyT]:
        """Return the keys whose deadline has come, earliest first, and forget their deadlines.

        Of more than `most` the rest stays due.
        """
        due: list[KeyT] = []
        while (deadline := self.next()) is not None and deadline <= now and len(due) != most:
            key = heapq.heappop(self._heap)[2]
            del self._current[key]
            due.append(key)
        return due
