"""The networks that the other tests are judged by do what they say."""

import pytest

from tests.support.network import Conditions, Path

PACKETS = 20_000


def fates(conditions: Conditions, *, interval: float = 0.01) -> list[float | None]:
    """Return how long each of many packets of 1,000 bytes takes."""
    path = Path(conditions)
    arrivals = [path.arrival(1000, index * interval) for index in range(PACKETS)]
    return [
        None if arrival is None else arrival - index * interval
        for index, arrival in enumerate(arrivals)
    ]


def runs(fates: list[float | None]) -> list[int]:
    """Return the lengths of the runs of lost packets."""
    lengths = [0]
    for fate in fates:
        if fate is None:
            lengths[-1] += 1
        elif lengths[-1]:
            lengths.append(0)
    return lengths[:-1]


@pytest.mark.parametrize("burst", [None, 4.0])
@pytest.mark.parametrize("loss", [0.03, 0.1, 0.3])
def test_path_loses_its_share(loss: float, burst: float | None) -> None:
    lost = sum(runs(fates(Conditions(loss=loss, burst=burst))))

    assert lost / PACKETS == pytest.approx(loss, rel=0.25)


def test_losses_come_in_runs_if_wanted() -> None:
    lengths = runs(fates(Conditions(loss=0.05, burst=4.0)))

    assert sum(lengths) / len(lengths) == pytest.approx(4.0, rel=0.15)


def test_what_exceeds_the_rate_waits_and_then_is_lost() -> None:
    # 800 kbit/s offered.
    times = fates(Conditions(rate_bps=400_000, queue_time=0.2))

    delivered = [time for time in times if time is not None]
    assert len(delivered) / PACKETS == pytest.approx(0.5, abs=0.01)
    assert max(delivered) == pytest.approx(0.2 + 0.02 + 0.02, abs=0.01)


def test_limit_that_is_lifted_limits_no_longer() -> None:
    path = Path(Conditions(rate_bps=100_000, delay=0.0))
    while path.arrival(1000, 10.0) is not None:
        pass

    path.conditions = Conditions(delay=0.0)

    assert path.arrival(1000, 10.0) == 10.0
