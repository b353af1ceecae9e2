"""Viewers that come while the publisher is live."""

from tests.support.observations import AUDIO, VIDEO, gaps, is_keyframe
from tests.support.scenario import (
    Scenario,
)


def test_late_joiner_starts_at_a_keyframe_it_asked_for() -> None:
    scenario = Scenario()
    publisher = scenario.publish()
    scenario.run(3.0)

    viewer = scenario.watch()
    scenario.run(1.0)

    assert is_keyframe(viewer.stream(VIDEO)[0])
    assert viewer.stream(VIDEO)[0].at - publisher.plis[0] < 0.1
    assert gaps(viewer.stream(VIDEO)) == []


def test_hundred_viewers_joining_at_once_cost_one_pli() -> None:
    scenario = Scenario()
    publisher = scenario.publish()
    scenario.run(3.0)

    viewers = [scenario.watch(f"viewer {index}") for index in range(100)]
    scenario.run(1.0)

    assert len(publisher.plis) == 1
    assert all(is_keyframe(viewer.stream(VIDEO)[0]) for viewer in viewers)


def test_hundred_viewers_asking_for_a_picture_cost_one_pli() -> None:
    scenario = Scenario()
    viewers = [scenario.watch(f"viewer {index}") for index in range(100)]
    publisher = scenario.publish()
    scenario.run(3.0)

    for viewer in viewers:
        viewer.send_pli(VIDEO)
    scenario.run(1.0)

    assert len(publisher.plis) == 1


def test_sender_reports_come_at_once_when_a_viewer_joins_late() -> None:
    scenario = Scenario()
    scenario.publish()
    scenario.run(3.0)

    viewer = scenario.watch()
    scenario.run(0.2)

    assert len(viewer.sender_reports(VIDEO)) == len(viewer.sender_reports(AUDIO)) == 1
