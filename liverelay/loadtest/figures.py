"""Numbers that summarise many measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
