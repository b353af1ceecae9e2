"""What holds for every test."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

# How fast anything is, no property test judges: on a busy machine any example may take a second.
# What never ends meets the time limit of every test.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


# What browsers make the server do, other clients do as well; and these run for longer what other
# tests run.
_WITHOUT_COVERAGE = (
    "tests/browser/",
    "tests/integration/test_openapi.py",
    "tests/scenario/test_bandwidth.py::test_jitter_and_a_little_loss",
    "tests/scenario/test_bandwidth.py::test_link_that_loses_much",
    "tests/scenario/test_bandwidth.py::test_sound_goes_on",
    "tests/scenario/test_bandwidth.py::test_video_without_layers",
    "tests/scenario/test_bandwidth.py::test_viewer_gets_the_best_again",
    "tests/scenario/test_bandwidth.py::test_viewer_on_a_slow_path",
    "tests/scenario/test_bandwidth.py::test_viewers_of_a_server_that_probes_few",
    "tests/scenario/test_frame_numbers.py",
    "tests/scenario/test_late_joiner_losses.py",
    "tests/scenario/test_network_matrix.py",
    "tests/scenario/test_networks.py",
    "tests/scenario/test_switching_networks.py",
    "tests/scenario/test_transport_cc.py",
)


# What the other cases of these tests run, the first has run.
_COVERED_ONCE = ("tests/cli/", "tests/scenario/")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Take coverage where it tells something new.

    With it simulations take four times as long, and commands twice.
    """
    tests = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        is_another_case = test.startswith(_COVERED_ONCE) and test in tests
        if is_another_case or test.startswith(_WITHOUT_COVERAGE):
            item.add_marker(pytest.mark.without_coverage)
        tests.add(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    if item.get_closest_marker("without_coverage") is None:
        return (yield)
    # What pytest-cov's `no_cover` stops is not all: in processes of pytest-xdist, coverage has been
    # started a second time, as in any process that a test starts.
    trace, trace_of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in [each for each in os.environ if each.startswith("COVERAGE_")]:
                patch.delenv(name)
            return (yield)
    finally:
        sys.settrace(trace)
        threading.settrace(trace_of_threads)
