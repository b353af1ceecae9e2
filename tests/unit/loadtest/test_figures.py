from __future__ import annotations

import random

import pytest

from liverelay.loadtest.figures import Histogram, Lows, Spread, lows, spread


def histogram(*values: float) -> Histogram:
    made = Histogram()
    for value in values:
        made.add(value)
    return made


def test_spread_of_nothing_is_none() -> None:
    assert spread([]) is None
    assert lows([]) is None
    assert Histogram().spread() is None


def test_spread_is_of_the_values_in_order() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 3.0, 3.0)


def test_lows_are_what_the_worst_off_get() -> None:
    assert lows([float(i) for i in range(200)]) == Lows(100.0, 2.0, 0.0)
    assert lows([2.0, 3.0]) == Lows(3.0, 2.0, 2.0)


def test_histogram_is_two_percent_high_at_most() -> None:
    random.seed(4)
    values = [random.expovariate(200) for _ in range(5000)]

    found, exact = histogram(*values).spread(), spread(values)

    assert found is not None
    assert exact is not None
    assert exact.p50 <= found.p50 <= 1.02 * exact.p50
    assert exact.p99 <= found.p99 <= 1.02 * exact.p99
    assert found.maximum == exact.maximum


def test_histograms_add_up() -> None:
    together = histogram(0.001, 0.001)

    together.add_all([histogram(0.001, 0.5), Histogram()])

    assert together.spread() == histogram(0.001, 0.001, 0.001, 0.5).spread()


@pytest.mark.parametrize("value", [0.0, -0.001, 1e-9, 5000.0])
def test_what_is_outside_counts_as_the_first_or_the_last(value: float) -> None:
    found = histogram(value, value).spread()

    assert found is not None
    assert found.maximum == max(value, 0.0)
    assert found.p99 <= found.maximum
