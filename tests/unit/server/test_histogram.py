from __future__ import annotations

from liverelay.server.metrics.histogram import Histogram


def test_observations_are_counted_by_the_bound_that_they_do_not_exceed() -> None:
    histogram = Histogram([0.001, 0.01, 0.1])

    for seconds in (0.0, 0.001, 0.002, 0.1, 7.0):
        histogram.observe(seconds)

    assert histogram.buckets() == [("0.001", 2), ("0.01", 3), ("0.1", 4), ("+Inf", 5)]
    assert histogram.sum == 7.103


def test_histogram_without_observations_is_all_zero() -> None:
    histogram = Histogram([1.0])

    assert histogram.buckets() == [("1.0", 0), ("+Inf", 0)]
    assert histogram.sum == 0.0
