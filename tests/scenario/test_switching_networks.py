"""Viewers go from one encoding to another while their networks and the camera's lose packets."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from liverelay.sdp.parameters import MediaKind
from liverelay.sfu.layers import Preference, Quality
from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.viewer import SimulatedViewer

LOSSY = Conditions(loss=0.05, delay=0.05, spread=0.01)
QUALITIES = (Quality.LOW, Quality.MEDIUM, Quality.HIGH)


def ask_for(scene: Scene, viewer: SimulatedViewer, quality: Quality) -> None:
    for subscription in scene.room._subscriptions:
        is_video = subscription.parameters.kind is MediaKind.VIDEO
        if is_video and subscription.session_id == viewer.session_id:
            subscription.preference = Preference(quality)
            scene.room.choose_layer(subscription, scene.clock.now)
    scene.settle()


@pytest.mark.parametrize(("temporal_layers", "seed"), [(1, 1), (2, 2), (3, 3)])
@pytest.mark.parametrize(
    ("camera", "viewers"),
    [
        pytest.param(Conditions(), LOSSY, id="viewers lose"),
        pytest.param(LOSSY, Conditions(), id="the camera loses"),
    ],
)
def test_picture_is_whole_and_goes_on_across_switches(
    camera: Conditions, viewers: Conditions, temporal_layers: int, seed: int
) -> None:
    scene = Scene(camera, shapes=SIMULCAST, temporal_layers=temporal_layers, seed=seed)
    watching = [scene.watch(viewers) for _ in range(2)]
    random = Random(seed)
    # What overtakes the very first packets hides that they are lost, from browsers too.
    scene.run(4.0)
    begun = scene.clock.now

    for _ in range(16):
        ask_for(scene, random.choice(watching), random.choice(QUALITIES))
        scene.run(random.uniform(0.05, 1.0))

    for viewer in watching:
        assert viewer.judge.faults == []
        assert len({mark.name.layer for mark in viewer.judge.decoded}) == 3
        assert max(viewer.judge.pauses(begun, scene.clock.now)) < 1.0


def test_switching_leaves_no_gap_in_the_numbers() -> None:
    scene = Scene(shapes=SIMULCAST, temporal_layers=3)
    viewer = scene.watch()
    for quality in QUALITIES * 3:
        ask_for(scene, viewer, quality)
        scene.run(0.7)

    assert viewer.judge.gaps() == []
    assert viewer.judge.orphans(scene.received) == []


@pytest.mark.parametrize("temporal_layers", [1, 3])
def test_picture_goes_over_to_the_smallest_and_back_with_the_width_of_the_path(
    temporal_layers: int,
) -> None:
    scene = Scene(shapes=SIMULCAST, temporal_layers=temporal_layers)
    viewer = scene.estimate()
    scene.run(10.0)

    viewer.set_conditions(Conditions(rate_bps=300_000))
    scene.run(5.0)
    narrow = scene.clock.now
    scene.run(5.0)
    viewer.set_conditions(Conditions())
    scene.run(15.0)

    layers = [mark.name.layer for mark in viewer.judge.decoded]
    assert [layers[-1], layers[8 * 30]] == [2, 2]
    assert 0 in layers
    assert viewer.judge.faults == []
    assert max(viewer.judge.pauses(narrow, narrow + 5.0)) < 0.2
    assert viewer.plis_sent == 0
