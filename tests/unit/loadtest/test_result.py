from __future__ import annotations

from dataclasses import replace

import pytest

from liverelay.loadtest.figures import Spread
from liverelay.loadtest.result import Result, Thresholds

RESULT = Result(
    room_ids=("room",),
    publishers=1,
    subscribers=10,
    connected=9,
    with_media=9,
    failures={"unavailable": 1},
    seconds=10.0,
    packets=990,
    octets=1_000_000,
    lost=10,
    answer=Spread(0.01, 0.02, 0.03),
    first_media=Spread(0.1, 0.2, 0.3),
    latency=Spread(0.001, 0.005, 0.009),
    own_cpu=0.5,
)


@pytest.mark.parametrize(
    "thresholds",
    [
        Thresholds(),
        Thresholds(max_loss_percent=1.0),
        Thresholds(min_connected_percent=90),
        Thresholds(max_latency_ms=5),
        Thresholds(max_first_media_ms=200),
    ],
)
def test_a_threshold_that_is_just_met_is_not_missed(thresholds: Thresholds) -> None:
    assert thresholds.missed(RESULT) == []


@pytest.mark.parametrize(
    ("thresholds", "sentence"),
    [
        (Thresholds(max_loss_percent=0.5), "loss is 1.00 %, over 0.5"),
        (Thresholds(min_connected_percent=100), "90.0 % connected, under 100"),
        (Thresholds(max_latency_ms=4), "latency p99 is 5.0 ms, over 4"),
        (Thresholds(max_first_media_ms=150), "first media p99 is 200.0 ms, over 150"),
    ],
)
def test_a_missed_threshold_is_named(thresholds: Thresholds, sentence: str) -> None:
    assert thresholds.missed(RESULT) == [sentence]


def test_what_could_not_be_measured_misses_its_threshold() -> None:
    silent = replace(RESULT, packets=0, lost=0, octets=0, latency=None, first_media=None)

    assert Thresholds(max_latency_ms=100).missed(silent) == ["latency could not be measured"]


def test_no_packet_at_all_misses_a_limit_of_loss() -> None:
    silent = replace(RESULT, packets=0, lost=0, octets=0)

    assert Thresholds(max_loss_percent=1).missed(silent) == ["no packet arrived"]


def test_figures_follow_from_the_counts() -> None:
    view = RESULT.to_json()

    assert view["loss_percent"] == 1.0
    assert view["bitrate_kbps"] == 800
    assert view["packets_per_second"] == 99
    assert view["latency_ms"] == {"p50": 1.0, "p99": 5.0, "max": 9.0}
