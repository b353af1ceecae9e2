from __future__ import annotations

from liverelay.server.rates import CounterRates


def test_first_look_has_no_rate() -> None:
    assert CounterRates().rate("packets", 100, 10.0) is None


def test_rate_is_the_change_per_second_since_the_last_look() -> None:
    meter = CounterRates()
    meter.rate("packets", 100, 10.0)

    assert meter.rate("packets", 400, 12.0) == 150.0
    assert meter.rate("packets", 390, 13.0) == -10.0


def test_who_looks_too_soon_is_told_the_last_rate_and_disturbs_nothing() -> None:
    meter = CounterRates()
    meter.rate("packets", 0, 10.0)
    early = meter.rate("packets", 50, 10.4)
    meter.rate("packets", 100, 11.0)

    assert early is None
    assert meter.rate("packets", 900, 11.1) == 100.0
    assert meter.rate("packets", 300, 12.0) == 200.0


def test_counters_do_not_mix() -> None:
    meter = CounterRates()
    meter.rate("packets", 0, 10.0)
    meter.rate("bytes", 0, 10.0)

    assert (meter.rate("packets", 5, 11.0), meter.rate("bytes", 70, 11.0)) == (5.0, 70.0)


def test_what_was_not_looked_at_is_forgotten() -> None:
    meter = CounterRates()
    meter.rate("old", 0, 10.0)
    meter.rate("new", 0, 20.0)

    meter.forget_older(15.0)

    assert meter.rate("old", 100, 21.0) is None
    assert meter.rate("new", 100, 21.0) == 100.0
