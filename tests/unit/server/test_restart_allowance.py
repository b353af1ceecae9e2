from __future__ import annotations

from liverelay.server.restart_allowance import MAX_RESTARTS, RestartAllowance


def test_so_many_are_there_at_once_and_the_next_after_a_wait() -> None:
    allowance = RestartAllowance()

    waits = [allowance.take(1000.0) for _ in range(MAX_RESTARTS + 1)]

    assert waits == [None] * MAX_RESTARTS + [6]
    assert allowance.take(1005.9) == 1
    assert allowance.take(1006.0) is None
    assert allowance.take(1006.0) == 6


def test_all_are_there_again_after_a_minute_and_no_more_than_that() -> None:
    allowance = RestartAllowance()
    for _ in range(MAX_RESTARTS):
        allowance.take(0.0)

    waits = [allowance.take(500.0) for _ in range(MAX_RESTARTS + 1)]

    assert waits.count(None) == MAX_RESTARTS


def test_one_every_few_seconds_is_never_refused() -> None:
    allowance = RestartAllowance()

    assert [allowance.take(6.0 * second) for second in range(100)] == [None] * 100
