from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.server.rate_limit import FailureLimiter

HOME = "192.0.2.1"

# Quarters of a second below a minute: sums of them are exact.
moments = st.integers(0, 239).map(lambda quarters: quarters / 4)


def fail_often(limiter: FailureLimiter, address: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        limiter.record_failure(address, now)


def test_failures_up_to_the_limit_are_let_through() -> None:
    limiter = FailureLimiter(limit=20)

    waits = [limiter.record_failure(HOME, now=1.0) for _ in range(20)]

    assert waits == [None] * 20


def test_a_further_failure_must_wait_until_the_first_is_a_minute_old() -> None:
    limiter = FailureLimiter(limit=2)
    limiter.record_failure(HOME, now=100.0)
    limiter.record_failure(HOME, now=130.0)

    assert limiter.record_failure(HOME, now=140.0) == 20
    assert limiter.record_failure(HOME, now=159.5) == 1


def test_the_window_slides() -> None:
    limiter = FailureLimiter(limit=2)
    limiter.record_failure(HOME, now=100.0)
    limiter.record_failure(HOME, now=130.0)

    assert limiter.record_failure(HOME, now=160.0) is None
    assert limiter.record_failure(HOME, now=161.0) == 29
    assert limiter.record_failure(HOME, now=190.0) is None


def test_a_refused_failure_does_not_prolong_the_wait() -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(HOME, now=0.0)
    fail_often(limiter, HOME, times=100, now=59.0)

    assert limiter.record_failure(HOME, now=60.0) is None


@given(st.lists(moments, min_size=1, max_size=100), st.integers(1, 10))
def test_no_minute_has_more_failures_than_the_limit(gaps: list[float], limit: int) -> None:
    limiter = FailureLimiter(limit)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        if limiter.record_failure(HOME, now) is None:
            passed.append(now)

    assert all(
        later - earlier >= 60.0 for earlier, later in zip(passed, passed[limit:], strict=False)
    )


@given(moments, moments)
def test_waiting_as_long_as_told_is_enough(first: float, second: float) -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(HOME, now=min(first, second))
    now = max(first, second)

    wait = limiter.record_failure(HOME, now)

    assert wait is not None
    assert 1 <= wait <= 60
    assert limiter.record_failure(HOME, now + wait) is None


def test_addresses_are_counted_apart() -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(HOME, now=0.0)

    assert limiter.record_failure("192.0.2.2", now=0.0) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:0DB8:1:2::3"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("", ""),
        ("/run/liverelay.sock", "/run/liverelay.sock"),
    ],
)
def test_one_host_counts_as_one_address(first: str, second: str) -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(first, now=0.0)

    assert limiter.record_failure(second, now=0.0) is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("192.0.2.1", "192.0.2.10"),
    ],
)
def test_different_hosts_count_as_different_addresses(first: str, second: str) -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(first, now=0.0)

    assert limiter.record_failure(second, now=0.0) is None


@given(st.text())
def test_any_address_at_all_is_counted(address: str) -> None:
    limiter = FailureLimiter(limit=1)

    assert limiter.record_failure(address, now=0.0) is None
    assert limiter.record_failure(address, now=0.0) == 60


def test_memory_is_bounded_however_many_addresses_fail() -> None:
    limiter = FailureLimiter(limit=1)

    for number in range(12_000):
        limiter.record_failure(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=0.0)

    assert len(limiter._failures) == 10_000


def test_the_longest_idle_address_is_forgotten_first() -> None:
    limiter = FailureLimiter(limit=1)
    limiter.record_failure(HOME, now=0.0)
    for number in range(9_999):
        limiter.record_failure(f"10.0.{number >> 8}.{number & 255}", now=0.0)
    limiter.record_failure(HOME, now=1.0)
    limiter.record_failure("192.0.2.2", now=2.0)

    assert limiter.record_failure(HOME, now=3.0) is not None
    assert limiter.record_failure("10.0.0.0", now=3.0) is None


def test_a_limit_of_zero_is_no_limit() -> None:
    limiter = FailureLimiter(limit=0)
    fail_often(limiter, HOME, times=1000)

    assert limiter.record_failure(HOME, now=0.0) is None
    assert len(limiter._failures) == 0
