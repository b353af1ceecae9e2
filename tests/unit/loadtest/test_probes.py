from __future__ import annotations

import pytest

from liverelay.loadtest.run import probes


@pytest.mark.parametrize(
    ("viewers", "found"),
    [(1, {0}), (2, {0, 1}), (3, {0, 1, 2}), (10, {0, 4, 9}), (100, {0, 33, 66, 99})],
)
def test_first_last_and_some_between_measure_latency(viewers: int, found: set[int]) -> None:
    assert probes(viewers) == found


def test_one_in_many_measures_latency() -> None:
    assert len(probes(1000)) == 40
