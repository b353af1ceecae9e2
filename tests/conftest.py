"""What holds for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterable

# How fast anything is, no property test judges: on a busy machine any example may take a second.
# What never ends meets the time limit of every test.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


# What browsers make the server do, other clients do as well; and these simulations run for longer
# what the other scenarios run.
_WITHOUT_COVERAGE = (
    "tests/browser/",
    "tests/scenario/test_frame_numbers.py",
    "tests/scenario/test_network_matrix.py",
    "tests/scenario/test_networks.py",
    "tests/scenario/test_switching_networks.py",
    "tests/scenario/test_temporal_layers.py",
    "tests/scenario/test_transport_cc.py",
)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Take coverage where it tells something new, because simulations take four times as long.

    What the other cases of a scenario run, the first has run.
    """
    tests = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        is_another_case = test.startswith("tests/scenario/") and test in tests
        if is_another_case or test.startswith(_WITHOUT_COVERAGE):
            item.add_marker(pytest.mark.no_cover)
        tests.add(test)
