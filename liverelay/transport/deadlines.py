"""When each session wants to be called, without asking all of them."""

from __future__ import annotations

import heapq


class DeadlineQueue:
    """Keys with a deadline each, earliest first.

    A deadline that moves later costs nothing here: the old entry stays, fires, and the owner arms
    again. That is the common case, since every connectivity check moves consent. Only an earlier
    one adds an entry. Keys are names, not sessions, so an entry that outlives its session holds
    nothing.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._armed: dict[str, float] = {}

    def arm(self, key: str, deadline: float) -> None:
        """Make sure that `key` comes due at `deadline` or before."""
        armed = self._armed.get(key)
        if armed is None or deadline < armed:
            self._armed[key] = deadline
            heapq.heappush(self._heap, (deadline, key))

    def forget(self, key: str) -> None:
        self._armed.pop(key, None)

    def deadline(self) -> float | None:
        """Return the earliest deadline, perhaps one that nobody waits for any more."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> list[str]:
        """Return the keys whose deadline has come; they have to be armed again."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            deadline, key = heapq.heappop(self._heap)
            if self._armed.get(key) == deadline:
                del self._armed[key]
                due.append(key)
        return due
