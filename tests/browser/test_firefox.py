"""Firefox publishes, watches and calls, through the SDK that the server serves, and its pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.browsers import FIREFOX
from tests.support.command import environment_without_coverage
from tests.support.namespace import namespace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not FIREFOX.exists(),
        reason=f"{FIREFOX} is not installed (Debian: apt-get install firefox-esr)",
    ),
]


def play(module: str) -> Any:
    """Run a module inside a network of its own, and return what it has seen."""
    environment = environment_without_coverage()
    with namespace() as network:
        return json.loads(network.run_module(module, timeout=150, environment=environment))


@pytest.fixture(scope="module")
def scenes() -> Any:
    """What was seen in each scene, all played by one Firefox."""
    return play("tests.support.firefox_scene")


def test_firefox_publishes_and_watches(scenes: Any) -> None:
    seen = scenes["broadcast"]

    assert "Firefox" in seen["agent"]
    assert seen["state"] == "connected"
    assert (seen["watched"]["width"], seen["watched"]["height"]) == (320, 240)
    assert seen["watched"]["frames"] > 10
    assert seen["watched"]["sound"] > 10
    assert seen["begins_with_a_keyframe"]
    assert seen["probe_reports"] > 0


def test_firefox_publishes_in_three_sizes(scenes: Any) -> None:
    seen = scenes["simulcast"]

    assert seen["sizes"] == {"q": 320, "h": 640, "f": 1280}
    assert seen["watched"] == [320, 640, 1280, 320]


def test_firefox_restarts_ice_at_both_ends_and_the_picture_goes_on(scenes: Any) -> None:
    seen = scenes["restart"]

    assert seen["is_same"]
    assert seen["is_restarted"] == [True, True]
    assert seen["states"] == ["connected", "connected"]
    assert seen["longestPause"] < 1000


def test_firefox_goes_live_from_the_dashboard() -> None:
    seen = play("tests.support.firefox_dashboard")

    assert "Firefox" in seen["agent"]
    assert "VP8" in seen["streams"]
    assert "opus" in seen["streams"]
    assert seen["width"] > 0
    assert seen["refused"] == []


def test_firefox_calls_and_is_called(scenes: Any) -> None:
    seen = scenes["call"]

    assert len(seen["ends"]) == 2
    for end in seen["ends"]:
        assert end["frames"] > 10
        assert end["sound"] > 10
