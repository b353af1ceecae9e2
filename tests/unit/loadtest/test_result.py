from __future__ import annotations

from dataclasses import replace

import pytest

from liverelay.loadtest.result import Thresholds
from tests.support.result import RESULT


@pytest.mark.parametrize(
    "thresholds",
    [
        Thresholds(),
        Thresholds(max_loss_percent=1.0),
        Thresholds(min_connected_percent=90),
        Thresholds(max_latency_ms=5),
        Thresholds(max_first_media_ms=200),
        Thresholds(min_bitrate_kbps=80),
    ],
)
def test_a_threshold_that_is_just_met_is_not_missed(thresholds: Thresholds) -> None:
    assert thresholds.missed(RESULT) == []


@pytest.mark.parametrize(
    ("thresholds", "sentence"),
    [
        (Thresholds(max_loss_percent=0.5), "loss is 1.00 %, over 0.5"),
        (Thresholds(min_connected_percent=100), "90.0 % got media at the end, under 100"),
        (Thresholds(max_latency_ms=4), "latency p99 is 5.0 ms, over 4"),
        (Thresholds(max_first_media_ms=150), "first media p99 is 200.0 ms, over 150"),
        (Thresholds(min_bitrate_kbps=85), "bitrate p1 is 80 kbit/s, under 85"),
    ],
)
def test_a_missed_threshold_is_named(thresholds: Thresholds, sentence: str) -> None:
    assert thresholds.missed(RESULT) == [sentence]


def test_what_could_not_be_measured_misses_its_threshold() -> None:
    foreign = replace(RESULT, latency=None)

    assert Thresholds(max_latency_ms=100).missed(foreign) == ["latency could not be measured"]


def test_a_test_at_whose_end_nobody_gets_anything_has_failed_whatever_was_asked_for() -> None:
    silent = replace(RESULT, watching=0, stalled=9)

    assert Thresholds().missed(silent) == ["no viewer got media at the end"]
    assert Thresholds(max_loss_percent=1).missed(silent) == ["no viewer got media at the end"]


STALLED = replace(RESULT, watching=8, stalled=1)


def test_a_viewer_that_stalled_misses_any_threshold_unless_some_may() -> None:
    sentence = "1 of 9 viewers got nothing at the end"

    assert Thresholds().missed(STALLED) == []
    assert Thresholds(max_loss_percent=5).missed(STALLED) == [sentence]
    assert Thresholds(max_latency_ms=100).missed(STALLED) == [sentence]
    assert Thresholds(max_loss_percent=5, min_connected_percent=80).missed(STALLED) == []


def test_a_viewer_that_stalled_does_not_count_as_connected() -> None:
    assert Thresholds(min_connected_percent=90).missed(STALLED) == [
        "80.0 % got media at the end, under 90"
    ]


def test_figures_follow_from_the_counts() -> None:
    view = RESULT.to_json()

    assert view["loss_percent"] == 1.0
    assert view["bitrate_kbps"] == 800
    assert view["packets_per_second"] == 99
    assert view["viewer_bitrate_kbps"] == {"p50": 90, "p1": 80, "min": 70}
    assert view["latency_ms"] == {"p50": 1.0, "p99": 5.0, "max": 9.0}
