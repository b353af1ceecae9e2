"""What a viewer asks for again, and when: the model is libwebrtc's NackRequester."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

CHECK_INTERVAL = 0.02

_MOST_TRIES = 10
_MOST_MISSING = 1_000
# Of packets that came out of order it counts how many were before them, up to this.
_MOST_REORDERED = 9
# A receiver that sends nothing does not learn the round trip, and takes this for it.
_ROUND_TRIP = 0.1


@dataclass(slots=True)
class _Missing:
    noticed_at: float
    asked_from: int
    tries: int = 0
    asked_at: float = 0.0


class LossRequester:
    """Notes gaps between extended sequence numbers, and how long each took to be filled."""

    def __init__(self) -> None:
        self.recovery_times: list[float] = []
        self._missing: dict[int, _Missing] = {}
        self._newest: int | None = None
        self._reordered = [0] * (_MOST_REORDERED + 1)

    def on_packet(self, number: int, now: float, *, is_repeated: bool) -> list[int]:
        """Return what to ask for at once."""
        if self._newest is None:
            self._newest = number
        if number <= self._newest:
            if (found := self._missing.pop(number, None)) is not None:
                self.recovery_times.append(now - found.noticed_at)
            if not is_repeated:
                self._reordered[min(self._newest - number, _MOST_REORDERED)] += 1
            return []
        for lost in range(self._newest + 1, number):
            self._missing[lost] = _Missing(now, lost + self._usual_reordering())
        self._newest = number
        return self._due(
            now,
            [
                n
                for n, missing in self._missing.items()
                if not missing.tries and missing.asked_from <= number
            ],
        )

    def _usual_reordering(self) -> int:
        """Return what half of the packets that came out of order were late by, or less."""
        seen = list(accumulate(self._reordered))
        return next((place for place, sum_ in enumerate(seen) if 2 * sum_ >= seen[-1]), 0)

    def check(self, now: float) -> list[int]:
        """Return what to ask for again."""
        return self._due(
            now,
            [n for n, missing in self._missing.items() if now - missing.asked_at >= _ROUND_TRIP],
        )

    @property
    def gives_up(self) -> bool:
        """Whether so much is missing that a keyframe is better; forgets it all then."""
        if len(self._missing) <= _MOST_MISSING:
            return False
        self._missing.clear()
        return True

    def forget_before(self, number: int) -> None:
        """Stop asking for what can no longer be of use."""
        for lost in [lost for lost in self._missing if lost < number]:
            del self._missing[lost]

    def _due(self, now: float, numbers: list[int]) -> list[int]:
        for number in numbers:
            missing = self._missing[number]
            missing.tries += 1
            missing.asked_at = now
            if missing.tries >= _MOST_TRIES:
                del self._missing[number]
        return numbers
