"""Viewers like Chromium's on paths of little bandwidth, and the others in their room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.sfu.probe import ProbeSlots
from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.encoder import FRAMES_PER_SECOND, Shape
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.estimating import ReportingViewer

LOW, MIDDLE, HIGH = range(3)
LARGE = (Shape("q", 150_000), Shape("h", 1_000_000), Shape("f", 5_000_000))
AUDIO_PACKETS_PER_SECOND = 50


def budget_of(scene: Scene, viewer: ReportingViewer) -> float:
    bitrate = scene.room.available_outgoing_bitrate(viewer.session_id)
    assert bitrate is not None
    return bitrate


def watched(scene: Scene, kind: str, conditions: Conditions) -> ReportingViewer:
    """Return a viewer that tells of its path in one of three ways."""
    watch = {"REMB": scene.estimate, "reports": scene.report, "transport-cc": scene.acknowledge}
    return watch[kind](conditions)


@pytest.mark.parametrize("kind", ["REMB", "reports", "transport-cc"])
@pytest.mark.parametrize(
    ("shapes", "conditions", "layer"),
    [
        (SIMULCAST, Conditions(rate_bps=150_000, delay=0.05), None),
        (SIMULCAST, Conditions(rate_bps=300_000, delay=0.15), LOW),
        (SIMULCAST, Conditions(rate_bps=500_000, delay=0.01, spread=0.02), LOW),
        (SIMULCAST, Conditions(rate_bps=1_000_000, delay=0.15, spread=0.02), MIDDLE),
        (LARGE, Conditions(rate_bps=2_000_000, delay=0.05), MIDDLE),
        (LARGE, Conditions(rate_bps=3_000_000, delay=0.05, spread=0.02), MIDDLE),
    ],
)
def test_budget_converges_to_what_the_path_carries_whatever_the_viewer_tells(
    shapes: tuple[Shape, ...], conditions: Conditions, layer: int | None, kind: str
) -> None:
    scene = Scene(shapes=shapes)
    viewer = watched(scene, kind, conditions)
    assert conditions.rate_bps is not None

    scene.run(10.0)

    for _ in range(5):
        scene.run(1.0)
        assert 0.8 <= budget_of(scene, viewer) / conditions.rate_bps <= 1.0
        assert viewer.encoding_index == layer


@pytest.mark.parametrize(
    ("rate_bps", "least"), [(150_000, 12), (300_000, 20), (500_000, 28), (1_000_000, 30)]
)
def test_sound_is_heard_from_the_first_second_on(rate_bps: int, least: int) -> None:
    """Of 50 packets a second; from the second on, none but what the queue holds back."""
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=rate_bps))
    heard = []

    for _ in range(4):
        before = len(viewer.ear.delays)
        scene.run(1.0)
        heard.append(len(viewer.ear.delays) - before)

    assert heard[0] >= least
    assert min(heard[1:]) >= 30
    assert sum(heard[1:]) >= 140


def test_viewer_on_a_good_path_has_a_picture_at_once_and_the_best_within_a_second() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate()

    scene.run(0.3)
    first = viewer.encoding_index, len(viewer.judge.decoded) > 0
    scene.run(0.7)

    assert first == (MIDDLE, True)
    assert viewer.encoding_index == HIGH


def test_viewer_that_says_nothing_gets_the_best_after_two_seconds() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate()
    viewer.up.path.conditions = Conditions(loss=1.0)

    scene.run(3.0)

    assert viewer.encoding_index == HIGH


def test_probe_ends_when_the_publisher_leaves() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=300_000))
    control = scene.room._sessions[viewer.session_id].congestion
    while control.deadline(0.0) != pytest.approx(0.04):
        scene.run(0.1)

    scene.remove_publications(scene.camera)
    scene.run(0.3)

    assert control.deadline(0.0) == pytest.approx(0.25)


@pytest.mark.parametrize(("rate_bps", "share"), [(120_000, 0.93), (300_000, 0.99)])
def test_sound_goes_on_where_there_is_little_room_for_video(rate_bps: int, share: float) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=rate_bps))
    scene.run(10.0)
    before = len(viewer.ear.delays)

    scene.run(20.0)

    assert len(viewer.ear.delays) - before > share * 20 * AUDIO_PACKETS_PER_SECOND


def test_viewer_on_a_slow_path_stays_fluent_and_no_other_notices() -> None:
    scene = Scene(shapes=SIMULCAST)
    slow = scene.estimate(Conditions(rate_bps=300_000))
    other = scene.estimate()
    scene.run(10.0)
    begun = scene.clock.now

    scene.run(20.0)

    assert [slow.encoding_index, other.encoding_index] == [LOW, HIGH]
    assert max(slow.judge.pauses(begun, scene.clock.now)) < 0.3
    assert max(other.judge.pauses(begun, scene.clock.now)) < 0.1


def test_viewer_gets_the_best_again_within_15_seconds_of_the_limit_going() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=300_000))
    scene.run(20.0)

    viewer.set_conditions(Conditions())
    scene.run(15.0)

    assert viewer.encoding_index == HIGH


@pytest.mark.parametrize("spread", [0.02, 0.05])
def test_jitter_and_a_little_loss_are_no_limit(spread: float) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(spread=spread, loss=0.02))

    for _ in range(20):
        scene.run(1.0)
        assert viewer.encoding_index == HIGH


@pytest.mark.parametrize(("loss", "delay"), [(0.2, 0.15), (0.3, 0.05), (0.3, 0.15)])
def test_link_that_loses_much_whatever_is_sent_has_room_for_the_best(
    loss: float, delay: float
) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(loss=loss, delay=delay))

    scene.run(20.0)

    assert viewer.encoding_index == HIGH


def test_viewer_that_is_left_alone_is_not_padded() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate()

    scene.run(10.0)

    assert viewer.padding_sent == 0


def test_video_without_layers_pauses_until_there_is_room_for_it() -> None:
    """As long as there is somebody else whose path has room for it."""
    scene = Scene()
    viewer, _ = scene.estimate(Conditions(rate_bps=400_000)), scene.estimate()
    scene.run(15.0)
    slow = viewer.encoding_index
    decoded = len(viewer.judge.decoded)

    viewer.set_conditions(Conditions())
    scene.run(15.0)

    assert (slow, viewer.encoding_index) == (None, 0)
    assert len(viewer.judge.decoded) - decoded > 30


@pytest.mark.parametrize("temporal_layers", [1, 3])
@pytest.mark.parametrize("rate_bps", [150_000, 300_000, 800_000])
def test_publisher_of_one_encoding_sends_what_its_only_viewer_can_take(
    rate_bps: int, temporal_layers: int
) -> None:
    """1 Mbit/s at first; its viewer sees all of the frames again within five seconds."""
    scene = Scene(temporal_layers=temporal_layers)
    viewer = scene.estimate(Conditions(rate_bps=rate_bps))
    scene.run(5.0)
    begun, decoded, heard = scene.clock.now, len(viewer.judge.decoded), len(viewer.ear.delays)

    scene.run(15.0)

    assert len(viewer.judge.decoded) - decoded > 0.95 * 15 * FRAMES_PER_SECOND
    assert max(viewer.judge.pauses(begun, scene.clock.now)) < 0.5
    assert len(viewer.ear.delays) - heard > 0.97 * 15 * AUDIO_PACKETS_PER_SECOND
    viewer.set_conditions(Conditions())
    scene.run(15.0)
    # All that it wanted to send at first.
    assert scene.camera.limits[-1] > 1_100_000


def test_publisher_is_not_held_back_for_one_slow_viewer_among_several() -> None:
    scene = Scene()
    slow, other = scene.estimate(Conditions(rate_bps=300_000)), scene.estimate()

    scene.run(10.0)

    assert scene.camera.limits == []
    assert (slow.encoding_index, other.encoding_index) == (None, 0)


def test_publisher_is_held_to_what_the_best_of_its_viewers_can_take() -> None:
    scene = Scene()
    slow, better = (scene.estimate(Conditions(rate_bps=rate)) for rate in (200_000, 700_000))

    scene.run(10.0)

    assert 450_000 < scene.camera.limits[-1] < 700_000
    assert (slow.encoding_index, better.encoding_index) == (None, 0)


def test_path_that_cannot_be_probed_is_tried() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=300_000), has_rtx=False)
    scene.run(15.0)

    viewer.set_conditions(Conditions())
    scene.run(20.0)

    assert viewer.encoding_index == HIGH
    assert viewer.padding_sent == 0


def test_viewers_of_a_server_that_probes_few_at_a_time_take_turns() -> None:
    """And those whose limit goes get there in the end, one after the other."""
    scene = Scene(shapes=SIMULCAST, probe_slots=ProbeSlots(count=1))
    viewers = [scene.estimate(Conditions(rate_bps=300_000)) for _ in range(3)]
    scene.run(10.0)

    padded_at_once = 0
    for viewer in viewers:
        viewer.set_conditions(Conditions())
    for _ in range(300):
        before = [viewer.padding_sent for viewer in viewers]
        scene.run(0.1)
        grown = [viewer.padding_sent - old for viewer, old in zip(viewers, before, strict=True)]
        padded_at_once = max(padded_at_once, sum(octets > 2_000 for octets in grown))

    assert padded_at_once == 1
    assert [viewer.encoding_index for viewer in viewers] == [HIGH] * 3


def test_viewer_that_falls_silent_is_not_padded_for_long() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=300_000))
    scene.run(20.0)

    viewer.set_conditions(Conditions(loss=1.0))
    scene.run(10.0)
    before = viewer.padding_sent
    scene.run(1.0)

    # A probe begins now and then, and ends unheard.
    assert viewer.padding_sent - before < 100_000
