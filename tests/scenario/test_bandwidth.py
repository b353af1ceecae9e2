"""Viewers like Chromium's on paths of little bandwidth, and the others in their room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.sfu.probe import ProbeSlots
from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.estimating import EstimatingViewer

LOW, MIDDLE, HIGH = range(3)
AUDIO_PACKETS_PER_SECOND = 50


def budget_of(scene: Scene, viewer: EstimatingViewer) -> float:
    bitrate = scene.room.available_outgoing_bitrate(viewer.session_id)
    assert bitrate is not None
    return bitrate


@pytest.mark.parametrize(
    ("rate_bps", "layer"), [(300_000, LOW), (500_000, LOW), (1_000_000, MIDDLE)]
)
def test_budget_converges_to_what_the_path_carries(rate_bps: int, layer: int) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate(Conditions(rate_bps=rate_bps))

    scene.run(10.0)

    for _ in range(10):
        scene.run(1.0)
        assert 0.8 * rate_bps <= budget_of(scene, viewer) <= rate_bps
        assert viewer.encoding_index == layer


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


def test_viewer_that_is_left_alone_is_not_padded() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.estimate()

    scene.run(10.0)

    assert viewer.padding_sent == 0


def test_video_without_layers_pauses_until_there_is_room_for_it() -> None:
    scene = Scene()
    viewer = scene.estimate(Conditions(rate_bps=400_000))
    scene.run(15.0)
    slow = viewer.encoding_index
    decoded = len(viewer.judge.decoded)

    viewer.set_conditions(Conditions())
    scene.run(15.0)

    assert (slow, viewer.encoding_index) == (None, 0)
    assert len(viewer.judge.decoded) - decoded > 30


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
