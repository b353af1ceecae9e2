from liverelay.sfu.clock import PublisherClock, ntp_units

SECOND = 1 << 32


def test_all_reports_of_a_publisher_are_moved_by_the_same_distance() -> None:
    clock = PublisherClock(ntp_at_zero=1000.0)

    first = clock.translate(5 * SECOND, now=10.0)
    # Two seconds later by its clock, and late by half a second.
    second = clock.translate(7 * SECOND, now=12.5)

    assert first == 1010 * SECOND
    assert second == 1012 * SECOND


def test_clock_that_was_set_is_measured_again() -> None:
    clock = PublisherClock(ntp_at_zero=0.0)
    clock.translate(5 * SECOND, now=10.0)

    assert clock.translate(5000 * SECOND, now=11.0) == 11 * SECOND
    assert clock.translate(5001 * SECOND, now=12.25) == 12 * SECOND


def test_publisher_clock_may_wrap() -> None:
    clock = PublisherClock(ntp_at_zero=0.0)
    clock.translate((1 << 64) - SECOND, now=10.0)

    assert clock.translate(SECOND, now=12.1) == 12 * SECOND


def test_interval_in_ntp_units() -> None:
    assert ntp_units(0.5) == 1 << 31
