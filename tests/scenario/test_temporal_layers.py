"""Viewers of VP8 whose paths do not even carry the smallest picture at its full frame rate."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from liverelay.sfu.layers import Layer
from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.scene import Scene
from tests.support.simulation.server import SimulatedServer
from tests.support.simulation.simulcast import (
    SimulcastPublisher,
    SimulcastViewer,
    assert_decodable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.simulation.encoder import Shape
    from tests.support.simulation.simulcast import Frame

LOSSY = Conditions(loss=0.05, delay=0.05, spread=0.01)
# Of each encoding, the lowest temporal layer alone, and everything.
LAYERS = [Layer(index, 0, temporal) for index in range(3) for temporal in (0, 2)]


@pytest.fixture
def server() -> SimulatedServer:
    return SimulatedServer()


@pytest.fixture
def publisher(server: SimulatedServer) -> SimulcastPublisher:
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    return publisher


@pytest.fixture
def viewer(server: SimulatedServer, publisher: SimulcastPublisher) -> SimulcastViewer:
    viewer = SimulcastViewer(server)
    server.run(1.0)
    assert len(publisher.plis) == 1
    return viewer


def latest(server: SimulatedServer, viewer: SimulcastViewer) -> list[Frame]:
    """Return the frames of the last half second."""
    return [frame for frame in viewer.frames() if frame.at > server.clock.now - 0.5]


def test_frame_rate_goes_down_and_comes_back_without_a_keyframe(
    server: SimulatedServer, publisher: SimulcastPublisher, viewer: SimulcastViewer
) -> None:
    for layer, seen in ((Layer(2, 0, 0), {0}), (Layer(2, 0, 2), {0, 1, 2})):
        viewer.subscription.select_layer(layer)
        server.run(1.0)
        assert {frame.layer for frame in latest(server, viewer)} == seen

    assert_decodable(viewer.frames())
    assert len(publisher.plis) == 1


def test_viewers_of_few_frames_and_of_all_see_the_same_numbers(
    server: SimulatedServer, viewer: SimulcastViewer
) -> None:
    other = SimulcastViewer(server, "other")
    server.run(1.0)
    viewer.subscription.select_layer(Layer(2, 0, 0))
    server.run(1.0)

    numbers = {frame.number: (frame.picture_id, frame.tl0picidx) for frame in other.frames()}
    few = latest(server, viewer)
    assert len(few) >= 3
    assert all(numbers[frame.number] == (frame.picture_id, frame.tl0picidx) for frame in few)


def test_viewer_goes_up_right_behind_a_frame_of_the_lowest_layer(
    server: SimulatedServer, viewer: SimulcastViewer
) -> None:
    for step in range(8):
        viewer.subscription.select_layer(Layer(2, 0, 0))
        server.run(0.5 + step / 30)
        viewer.subscription.select_layer(Layer(2, 0, 2))
        server.run(0.5)

    frames = viewer.frames()
    assert_decodable(frames)
    entries = [
        (before.number, frame)
        for earlier, before, frame in zip(frames, frames[1:], frames[2:], strict=False)
        if (earlier.layer, before.layer) == (0, 0) and frame.layer
    ]
    assert len(entries) == 8
    assert all(frame.is_sync and frame.number == before + 1 for before, frame in entries)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_chosen_every_frame_can_be_decoded(seed: int) -> None:
    random = Random(seed)
    server = SimulatedServer()
    publisher = SimulcastPublisher(server, sends_bursts=seed % 2 == 0)
    viewers = [SimulcastViewer(server, f"viewer {number}") for number in range(4)]
    server.run(1.0)
    for _ in range(60):
        server.run(random.random() * 0.2)
        if random.random() < 0.1:
            encoder = random.choice(list(publisher.encoders.values()))
            encoder.is_active = not encoder.is_active
        random.choice(viewers).subscription.select_layer(random.choice(LAYERS))
        server.settle()
    for encoder in publisher.encoders.values():
        encoder.is_active = True
    server.run(1.0)
    for viewer in viewers:
        server.room.choose_layer(viewer.subscription, server.clock.now)
    server.run(2.0)

    for viewer in viewers:
        assert_decodable(viewer.frames())
        assert {(frame.rid, frame.layer) for frame in latest(server, viewer)} == {
            ("f", layer) for layer in range(3)
        }


@pytest.mark.parametrize(
    ("shapes", "seed"), [(SIMULCAST, 1), (SIMULCAST[:1], 2)], ids=["simulcast", "one encoding"]
)
def test_narrow_path_gets_fewer_frames_and_all_of_them_when_it_widens(
    shapes: Sequence[Shape], seed: int
) -> None:
    scene = Scene(shapes=shapes, temporal_layers=3, seed=seed)
    viewer = scene.estimate()
    scene.run(5.0)

    viewer.set_conditions(Conditions(rate_bps=150_000, delay=0.02))
    scene.run(10.0)
    begun = scene.clock.now
    scene.run(10.0)
    narrow = viewer.judge.pauses(begun, scene.clock.now)
    viewer.set_conditions(Conditions(delay=0.02))
    scene.run(20.0)
    wide = viewer.judge.pauses(scene.clock.now - 2.0, scene.clock.now)

    assert viewer.judge.faults == []
    assert max(narrow) < 0.4
    assert 65 <= len(narrow) <= 85
    assert len(wide) > 55


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("camera", "viewers"),
    [
        pytest.param(Conditions(), LOSSY, id="viewers lose"),
        pytest.param(LOSSY, Conditions(), id="the camera loses"),
    ],
)
def test_picture_is_whole_and_goes_on_across_changes_of_layers(
    camera: Conditions, viewers: Conditions, seed: int
) -> None:
    scene = Scene(camera, shapes=SIMULCAST, temporal_layers=3, seed=seed + 1)
    watching = [scene.estimate(viewers) for _ in range(2)]
    random = Random(seed)
    scene.run(4.0)
    begun = scene.clock.now

    for _ in range(16):
        video = random.choice(watching).video
        assert video is not None
        video.select_layer(random.choice(LAYERS))
        scene.settle()
        scene.run(random.uniform(0.05, 1.0))

    for viewer in watching:
        assert viewer.judge.faults == []
        assert max(viewer.judge.pauses(begun, scene.clock.now)) < 1.0
