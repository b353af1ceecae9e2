import pytest

from liverelay.sfu.probe import MAX_PROBES, BandwidthProbe, ProbeSlots


def test_first_attempt_comes_after_a_pause() -> None:
    probe = BandwidthProbe(10.0, ProbeSlots())

    assert not probe.may_begin(11.9)
    assert probe.may_begin(12.0)


def sent_by(probe: BandwidthProbe, until: float, goal_bps: float = 1e9, media_bps: int = 0) -> int:
    """Send what is owed every 40 ms from 12.0 on, beside some media; return how much that was."""
    octets = media = 0
    for step in range(1, round((until - 12.0) / 0.04) + 1):
        media = round(step * 0.04 * media_bps / 8)
        octets += probe.owed_octets(octets + media, goal_bps, 12.0 + step * 0.04)
    return octets


def begun(bitrate_bps: float) -> BandwidthProbe:
    probe = BandwidthProbe(10.0, ProbeSlots())
    probe.begin(bitrate_bps, octets=0, now=12.0)
    assert probe.is_running
    assert not probe.may_begin(13.0)
    return probe


def test_rate_grows_by_half_each_second() -> None:
    first, second = sent_by(begun(80_000), 13.0), sent_by(begun(80_000), 14.0)

    assert first == pytest.approx(12_500, rel=0.05)
    assert second - first == pytest.approx(18_500, rel=0.05)


def test_rate_stays_at_the_goal() -> None:
    assert sent_by(begun(80_000), 14.0, goal_bps=88_000) == pytest.approx(22_000, rel=0.05)


def test_media_counts() -> None:
    both = sent_by(begun(80_000), 13.0, goal_bps=80_000, media_bps=60_000)

    assert both == pytest.approx(2_500, rel=0.05)


def test_keyframe_is_not_held_against_the_rate_for_long() -> None:
    probe = begun(80_000)
    probe.owed_octets(100_000, 80_000, now=12.04)

    assert probe.owed_octets(100_000, 80_000, now=12.3) == 0
    assert probe.owed_octets(100_000, 80_000, now=12.5) > 0


def test_what_was_not_sent_in_time_is_not_made_up_for() -> None:
    assert begun(80_000).owed_octets(0, 80_000, now=20.0) == 1_000


def test_pauses_get_longer_while_attempts_fail_up_to_a_bound() -> None:
    probe = BandwidthProbe(0.0, ProbeSlots())
    pauses = []
    now = 2.0

    for _ in range(4):
        probe.begin(100_000, octets=0, now=now)
        probe.fail(now)
        pauses.append(next(step / 2 for step in range(100) if probe.may_begin(now + step / 2)))
        now += pauses[-1]

    assert pauses == [2.0, 4.0, 4.0, 4.0]
    assert not probe.is_running


def test_success_makes_the_next_pause_short_again() -> None:
    probe = BandwidthProbe(0.0, ProbeSlots())
    probe.begin(100_000, octets=0, now=2.0)
    probe.fail(3.0)
    probe.begin(100_000, octets=0, now=10.0)

    probe.succeed(now=11.0)

    assert not probe.is_running
    assert probe.may_begin(13.0)


def test_trouble_between_attempts_puts_the_next_one_off() -> None:
    probe = BandwidthProbe(10.0, ProbeSlots())

    probe.fail(11.0)
    probe.fail(11.5)

    assert not probe.may_begin(13.4)
    assert probe.may_begin(13.5)


def test_attempt_ends_when_the_viewer_says_nothing() -> None:
    probe = BandwidthProbe(0.0, ProbeSlots())
    assert not probe.is_in_vain(10.0)
    probe.begin(100_000, octets=0, now=10.0)

    assert not probe.is_in_vain(11.5)
    assert probe.is_in_vain(11.6)
    probe.on_report(11.6)
    assert not probe.is_in_vain(13.0)


def test_attempt_ends_of_which_nothing_comes() -> None:
    probe = begun(100_000)

    for second in range(13, 43):
        probe.on_report(second)
        assert not probe.is_in_vain(second)
    probe.on_report(42.1)

    assert probe.is_in_vain(42.1)


def test_attempt_waits_until_another_ends() -> None:
    slots = ProbeSlots(count=1)
    first, second = (BandwidthProbe(10.0, slots) for _ in range(2))
    first.begin(80_000, octets=0, now=12.0)

    assert not second.may_begin(12.5)
    first.fail(12.5)
    assert second.may_begin(12.5)
    second.begin(80_000, octets=0, now=12.5)
    second.succeed(13.0)
    assert first.may_begin(16.0)


def test_attempt_that_goes_on_keeps_its_slot_and_one_whose_session_ended_does_not() -> None:
    slots = ProbeSlots(count=1)
    first, second = (BandwidthProbe(10.0, slots) for _ in range(2))
    first.begin(80_000, octets=0, now=12.0)

    for step in range(50):
        first.owed_octets(0, 1e9, 12.0 + step * 0.04)
        assert not second.may_begin(12.0 + step * 0.04)

    assert second.may_begin(15.0)


def test_no_more_than_the_limit_probe_at_a_time() -> None:
    slots = ProbeSlots()
    probes = [BandwidthProbe(10.0, slots) for _ in range(MAX_PROBES + 1)]

    for probe in probes:
        if probe.may_begin(12.0):
            probe.begin(80_000, octets=0, now=12.0)

    assert [probe.is_running for probe in probes] == [True] * MAX_PROBES + [False]
