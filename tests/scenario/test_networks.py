"""Viewers like Chromium's and a camera, on networks that lose, delay, reorder and limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.viewer import SimulatedViewer

SETTLE = 2.0
SECONDS = 10.0
FRAMES = SECONDS * 30

LOSSY = [
    pytest.param(Conditions(loss=0.01, delay=0.01), id="1 %"),
    pytest.param(Conditions(loss=0.10, delay=0.05), id="10 %"),
    pytest.param(Conditions(loss=0.05, delay=0.05, burst=4.0), id="5 % in bursts"),
    pytest.param(Conditions(loss=0.02, delay=0.05, spread=0.03), id="2 % and reordered"),
]


def run(scene: Scene, viewer: SimulatedViewer) -> list[float]:
    """Return the pauses between the viewer's frames, once it has settled."""
    scene.run(SETTLE)
    begun = scene.clock.now
    scene.run(SECONDS)
    return viewer.judge.pauses(begun, scene.clock.now)


@pytest.mark.parametrize("conditions", LOSSY)
def test_picture_survives_the_viewers_network(conditions: Conditions) -> None:
    scene = Scene()
    viewer = scene.watch(conditions)

    pauses = run(scene, viewer)

    assert len(pauses) > 0.97 * FRAMES
    assert max(pauses) < 1.0
    assert viewer.judge.faults == []
    assert viewer.judge.gaps() == []
    assert viewer.judge.orphans(scene.received) == []


@pytest.mark.parametrize("conditions", LOSSY)
def test_picture_survives_the_publishers_network(conditions: Conditions) -> None:
    scene = Scene(conditions)
    viewer = scene.watch()

    pauses = run(scene, viewer)

    assert len(pauses) > 0.97 * FRAMES
    assert max(pauses) < 1.0
    assert viewer.judge.faults == []


def test_losses_of_encodings_that_nobody_watches_are_not_repaired() -> None:
    scene = Scene(Conditions(loss=0.05), shapes=SIMULCAST)
    viewer = scene.watch()
    scene.run(SETTLE)
    scene.camera.nacked.clear()

    pauses = run(scene, viewer)

    assert scene.camera.nacked == {scene.camera.encoders[-1].ssrc}
    assert len(pauses) > 0.97 * FRAMES
    assert viewer.judge.faults == []


def test_picture_survives_where_a_third_is_lost_to_a_viewer() -> None:
    scene = Scene()
    viewer = scene.watch(Conditions(loss=0.3, delay=0.05))

    pauses = run(scene, viewer)

    assert len(pauses) > 0.9 * FRAMES
    assert max(pauses) < 2.0


def test_one_viewers_network_is_not_anothers() -> None:
    scene = Scene()
    near = scene.watch(Conditions(delay=0.01))
    for _ in range(3):
        scene.watch(Conditions(loss=0.3, delay=0.15, burst=5.0))

    scene.run(SECONDS)

    # The others' keyframes are larger, and that is all.
    assert max(near.judge.pauses(near.judge.decoded_at[0], near.judge.decoded_at[-1])) < 0.05
    assert near.losses.recovery_times == []


@pytest.mark.parametrize(("temporal_layers", "seed"), [(1, 1), (2, 2), (3, 3)])
def test_nothing_is_decoded_that_is_not_whole_on_any_network(
    temporal_layers: int, seed: int
) -> None:
    bad = Conditions(loss=0.25, delay=0.1, spread=0.05, burst=3.0)
    scene = Scene(bad, temporal_layers=temporal_layers, seed=seed)
    viewers = [scene.watch(), scene.watch(bad)]

    scene.run(SECONDS)

    for viewer in viewers:
        assert viewer.judge.faults == []
        assert viewer.judge.orphans(scene.received) == []
        assert viewer.judge.decoded


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
def test_numbers_have_no_gap_but_for_what_never_came(loss: float) -> None:
    scene = Scene(Conditions(loss=loss, delay=0.05))
    viewer = scene.watch()

    scene.run(SECONDS)

    sent = {mark for mark in viewer.judge.forwarded.values() if mark is not None}
    begun = min(mark.captured_at for mark in sent)
    assert sent == {mark for mark in scene.received if mark.captured_at >= begun}
    never_came = scene.camera.packets_sent - len(scene.received)
    assert len(viewer.judge.gaps()) <= never_came


@pytest.mark.parametrize("loss", [0.05, 0.3])
def test_publisher_is_asked_for_one_keyframe_in_a_quiet_period(loss: float) -> None:
    scene = Scene(Conditions(loss=loss))
    for _ in range(5):
        scene.watch(Conditions(loss=loss, delay=0.1))

    scene.run(SECONDS)

    for plis in scene.camera.plis.values():
        assert all(b - a >= 0.5 - 1e-9 for a, b in zip(plis, plis[1:], strict=False))
