"""Numbers that summarise many measurements."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# From ten microseconds on, in steps of two percent, to beyond a quarter of an hour. What is outside
# counts as the first or the last.
_LEAST = 1e-5
_STEPS = 930
_STEPS_PER_E = 1 / math.log(1.02)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 99th percentile and maximum, in the unit of what was measured."""

    p50: float
    p99: float
    maximum: float

    def scaled(self, factor: float) -> Spread:
        return Spread(self.p50 * factor, self.p99 * factor, self.maximum * factor)

    def to_json(self, digits: int = 3) -> dict[str, float]:
        return {
            "p50": round(self.p50, digits),
            "p99": round(self.p99, digits),
            "max": round(self.maximum, digits),
        }


def spread(values: Sequence[float]) -> Spread | None:
    """Return the spread of `values`, or None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Spread(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])


@dataclass(frozen=True, slots=True)
class Lows:
    """Median, first percentile and minimum: a `Spread` of what is better the more it is."""

    p50: float
    p1: float
    minimum: float

    def to_json(self) -> dict[str, int]:
        return {"p50": round(self.p50), "p1": round(self.p1), "min": round(self.minimum)}


def lows(values: Sequence[float]) -> Lows | None:
    """Return the lows of `values`, or None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Lows(ordered[len(ordered) // 2], ordered[len(ordered) // 100], ordered[0])


class Histogram:
    """Durations in seconds, however many, in a size that does not grow.

    Its percentiles are up to two percent too high; its maximum is exact.
    """

    __slots__ = ("counts", "maximum")

    def __init__(self) -> None:
        self.counts = [0] * _STEPS
        self.maximum = 0.0

    def add(self, value: float) -> None:
        step = int(math.log(value / _LEAST) * _STEPS_PER_E) if value > _LEAST else 0
        self.counts[min(step, _STEPS - 1)] += 1
        self.maximum = max(self.maximum, value)

    def add_all(self, others: Iterable[Histogram]) -> None:
        for other in others:
            self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
            self.maximum = max(self.maximum, other.maximum)

    def spread(self) -> Spread | None:
        """Return the spread of what was added, or None if there is nothing."""
        total = sum(self.counts)
        if not total:
            return None
        return Spread(self._at(total // 2), self._at(int(total * 0.99)), self.maximum)

    def _at(self, rank: int) -> float:
        """Return what `rank` values are below."""
        step = bisect_right(list(accumulate(self.counts)), rank)
        return min(_LEAST * math.exp((step + 1) / _STEPS_PER_E), self.maximum)
