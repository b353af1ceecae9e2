import pytest

from liverelay.sfu.nack import NackGenerator


def asked_until(nacks: NackGenerator, until: float) -> list[tuple[float, list[int]]]:
    """Return what is asked for, and when, if nothing comes; times rounded to milliseconds."""
    asked = []
    while (deadline := nacks.deadline()) is not None and deadline <= until:
        if lost := nacks.take_lost(deadline):
            asked.append((round(deadline, 3), lost))
    return asked


def repair(nacks: NackGenerator, number: int, at: float, round_trip: float) -> None:
    """Lose a packet at `at`, and let it come a round trip after it was asked for."""
    nacks.on_gap(number, number + 1, at)
    deadline = nacks.deadline()
    assert deadline is not None
    assert nacks.take_lost(deadline) == [number]
    nacks.on_late(number, deadline + round_trip, repaired=True)


def test_nothing_missing_has_no_deadline() -> None:
    nacks = NackGenerator()

    assert nacks.deadline() is None
    assert nacks.take_lost(10.0) == []


def test_gap_is_asked_for_when_reordering_no_longer_explains_it() -> None:
    nacks = NackGenerator()
    nacks.on_gap(5, 8, 10.0)

    assert nacks.take_lost(10.005) == []
    assert nacks.deadline() == pytest.approx(10.01)
    assert nacks.take_lost(10.01) == [5, 6, 7]


def test_packet_that_was_only_overtaken_is_not_asked_for() -> None:
    nacks = NackGenerator()
    nacks.on_gap(5, 7, 10.0)

    nacks.on_late(5, 10.004, repaired=False)

    assert nacks.take_lost(10.01) == [6]


def test_patience_grows_with_the_reordering_that_is_seen() -> None:
    nacks = NackGenerator()
    nacks.on_gap(5, 6, 10.0)
    nacks.take_lost(10.01)
    nacks.on_late(5, 10.032, repaired=False)

    nacks.on_gap(9, 10, 11.0)

    assert asked_until(nacks, 11.05) == [(11.04, [9])]


def test_patience_has_an_end() -> None:
    nacks = NackGenerator()
    nacks.on_gap(5, 6, 10.0)
    nacks.on_late(5, 10.5, repaired=False)

    nacks.on_gap(9, 10, 11.0)

    assert asked_until(nacks, 11.06) == [(11.05, [9])]


def test_patience_shrinks_when_absence_turns_out_to_be_loss() -> None:
    nacks = NackGenerator()
    nacks.on_gap(5, 6, 10.0)
    nacks.on_late(5, 10.05, repaired=False)
    for number in range(100, 130):
        repair(nacks, number, 10.0 + number, round_trip=0.05)

    nacks.on_gap(200, 201, 300.0)

    assert asked_until(nacks, 300.02) == [(300.01, [200])]


def test_request_that_brings_nothing_is_repeated_after_a_round_trip() -> None:
    nacks = NackGenerator()
    for number in range(8):
        repair(nacks, number, 10.0 + number, round_trip=0.05)

    nacks.on_gap(100, 101, 30.0)

    assert [at for at, _ in asked_until(nacks, 30.2)] == [30.01, 30.073, 30.135, 30.198]


def test_packet_lost_twice_is_not_waited_for_on_a_long_path() -> None:
    nacks = NackGenerator()
    for number in range(8):
        repair(nacks, number, 10.0 + number, round_trip=0.2)

    nacks.on_gap(100, 101, 30.0)

    assert [at for at, _ in asked_until(nacks, 30.5)] == [30.01, 30.26, 30.36, 30.46]


def test_repairs_that_took_a_second_request_do_not_lengthen_the_round_trip() -> None:
    nacks = NackGenerator()
    for number in range(15):
        repair(nacks, number, 10.0 + number, round_trip=0.3 if number % 3 else 0.04)

    nacks.on_gap(100, 101, 30.0)

    assert [at for at, _ in asked_until(nacks, 30.07)] == [30.01, 30.06]


def test_repair_that_came_unasked_says_nothing_about_the_round_trip() -> None:
    nacks = NackGenerator()
    for number in range(15):
        nacks.on_gap(number, number + 1, 10.0 + number)
        nacks.on_late(number, 10.001 + number, repaired=True)

    nacks.on_gap(100, 101, 30.0)

    assert asked_until(nacks, 30.14) == [(30.01, [100]), (30.135, [100])]


def test_requests_are_never_closer_than_the_shortest_interval() -> None:
    nacks = NackGenerator()
    for number in range(15):
        repair(nacks, number, 10.0 + number, round_trip=0.001)

    nacks.on_gap(100, 101, 30.0)

    times = [at for at, _ in asked_until(nacks, 31.0)]
    assert [round(b - a, 3) for a, b in zip(times, times[1:], strict=False)] == [0.02] * 19


def test_packet_is_given_up_after_twenty_requests() -> None:
    nacks = NackGenerator()
    for number in range(15):
        repair(nacks, number, 10.0 + number, round_trip=0.02)
    nacks.on_gap(100, 101, 30.0)

    assert len(asked_until(nacks, 40.0)) == 20
    assert nacks.deadline() is None
    assert nacks.take_gave_up()
    assert not nacks.take_gave_up()
    assert nacks.needs_keyframe


def test_packet_is_given_up_when_it_would_come_too_late() -> None:
    nacks = NackGenerator()
    for number in range(15):
        repair(nacks, number, 10.0 + number, round_trip=0.8)
    nacks.on_gap(100, 101, 30.0)

    asked = [at for at, _ in asked_until(nacks, 40.0)]
    assert asked[-1] == pytest.approx(32.61)
    assert len(asked) < 20
    assert nacks.take_gave_up()


def test_gap_that_repairing_would_only_delay_is_given_up_at_once() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 100, 10.0)

    nacks.on_gap(200, 400, 10.005)

    assert nacks.deadline() == 10.005
    assert nacks.take_lost(10.005) == []
    assert nacks.take_gave_up()
    assert nacks.deadline() is None


def test_everything_that_is_missing_at_once_fits_one_datagram() -> None:
    nacks = NackGenerator()
    for number in range(0, 2000, 20):
        nacks.on_gap(number, number + 1, 10.0)

    (_, lost), *_ = asked_until(nacks, 10.02)

    assert len(lost) == 100


def test_deadline_goes_with_the_last_packet_that_was_missing() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 3, 10.0)

    nacks.on_late(1, 10.001, repaired=False)
    assert nacks.deadline() is not None
    nacks.on_late(2, 10.001, repaired=False)
    assert nacks.deadline() is None


def test_late_packet_does_not_hide_that_others_were_given_up() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 400, 10.0)
    nacks.on_gap(405, 406, 10.001)

    nacks.on_late(405, 10.002, repaired=False)

    assert nacks.deadline() == 10.0


def test_new_gap_is_not_held_up_by_an_older_one() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 2, 10.0)
    nacks.take_lost(10.01)

    nacks.on_gap(5, 6, 10.02)

    assert asked_until(nacks, 10.1) == [(10.03, [5])]


def test_keyframe_after_the_gap_is_all_that_was_needed() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 2, 10.0)

    nacks.on_keyframe(50)
    asked_until(nacks, 20.0)

    assert not nacks.take_gave_up()
    assert not nacks.needs_keyframe


def test_keyframe_ends_the_need_for_one_unless_it_is_older_than_the_gap() -> None:
    nacks = NackGenerator()
    nacks.on_gap(100, 101, 10.0)
    asked_until(nacks, 20.0)

    nacks.on_keyframe(99)
    assert nacks.needs_keyframe
    nacks.on_keyframe(101)
    assert not nacks.needs_keyframe


def test_late_packet_that_was_not_missed_changes_nothing() -> None:
    nacks = NackGenerator()

    nacks.on_late(5, 10.0, repaired=False)
    nacks.on_gap(9, 10, 11.0)

    assert asked_until(nacks, 11.02) == [(11.01, [9])]


def test_only_what_was_asked_for_counts_as_asked_for() -> None:
    nacks = NackGenerator()
    nacks.on_gap(1, 2, 10.0)
    nacks.take_lost(10.01)
    nacks.on_gap(5, 6, 10.02)

    assert [nacks.was_asked_for(number) for number in (1, 5, 9)] == [True, False, False]
