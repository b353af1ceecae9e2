"""What a viewer of scalable video sees, whichever of its layers are left out."""

from random import Random

import pytest

from liverelay.sfu.layers import FrameSize, Layer, Preference, Quality
from liverelay.sfu.statistics import subscription_stats
from tests.support.simulation.server import SimulatedServer
from tests.support.simulation.svc import (
    AV1,
    VP9,
    Scalable,
    ScalablePublisher,
    ScalableViewer,
    assert_decodable,
)

LAYERS = [Layer(0, spatial, temporal) for spatial in range(3) for temporal in range(3)]


def allow(server: SimulatedServer, viewer: ScalableViewer, budget_bps: float | None) -> None:
    viewer.subscription.budget_bps = budget_bps
    server.room.choose_layer(viewer.subscription, server.clock.now)
    server.settle()


@pytest.fixture
def server() -> SimulatedServer:
    return SimulatedServer()


@pytest.fixture(params=[VP9, AV1], ids=["VP9", "AV1"])
def codec(request: pytest.FixtureRequest) -> Scalable:
    codec = request.param
    assert isinstance(codec, Scalable)
    return codec


@pytest.fixture
def publisher(server: SimulatedServer, codec: Scalable) -> ScalablePublisher:
    publisher = ScalablePublisher(server, codec)
    server.run(1.0)
    return publisher


@pytest.fixture
def viewer(
    server: SimulatedServer, codec: Scalable, publisher: ScalablePublisher
) -> ScalableViewer:
    viewer = ScalableViewer(server, codec)
    server.run(1.0)
    assert publisher.keyframes_sent == 2
    return viewer


def test_viewer_gets_every_layer(viewer: ScalableViewer) -> None:
    assert len(viewer.layers_seen()) == 9
    assert_decodable(viewer.parts)


@pytest.mark.parametrize("layer", LAYERS)
def test_viewer_gets_no_more_than_its_layer(
    server: SimulatedServer, publisher: ScalablePublisher, viewer: ScalableViewer, layer: Layer
) -> None:
    viewer.subscription.select_layer(layer)
    server.run(1.0)

    _, spatial, temporal = layer
    expected = {(s, t) for s in range(spatial + 1) for t in range(temporal + 1)}
    assert viewer.layers_seen() == expected
    assert_decodable(viewer.parts)
    assert publisher.keyframes_sent == 2


@pytest.mark.parametrize(
    ("budget", "layer"),
    [
        (Layer(0, 2, 2), Layer(0, 2, 2)),
        (Layer(0, 2, 1), Layer(0, 1, 2)),
        (Layer(0, 1, 1), Layer(0, 0, 2)),
        (Layer(0, 0, 1), Layer(0, 0, 1)),
        (Layer(0, 0, 0), Layer(0, 0, 0)),
    ],
)
def test_only_the_smallest_picture_loses_frames(
    server: SimulatedServer,
    publisher: ScalablePublisher,
    viewer: ScalableViewer,
    budget: Layer,
    layer: Layer,
) -> None:
    publication = viewer.subscription.publication
    assert publication is not None
    rates = {each.layer: each.bitrate_bps for each in publication.layers(server.clock.now)}
    assert set(rates) == set(LAYERS)

    allow(server, viewer, rates[budget])
    server.run(1.0)

    assert viewer.subscription.layer == layer
    assert_decodable(viewer.parts)
    assert publisher.keyframes_sent == 2


def test_frame_rate_comes_back_without_a_keyframe_and_size_with_one(
    server: SimulatedServer, publisher: ScalablePublisher, viewer: ScalableViewer
) -> None:
    viewer.subscription.select_layer(Layer(0, 2, 0))
    server.run(1.0)
    viewer.subscription.select_layer(Layer(0, 2, 2))
    server.run(1.0)
    assert len(viewer.layers_seen()) == 9
    assert publisher.keyframes_sent == 2

    viewer.subscription.preference = Preference(Quality.LOW)
    allow(server, viewer, None)
    server.run(1.0)
    assert viewer.layers_seen() == {(0, 0), (0, 1), (0, 2)}
    viewer.subscription.preference = Preference()
    allow(server, viewer, None)
    server.run(1.0)

    assert len(viewer.layers_seen()) == 9
    assert publisher.keyframes_sent == 3
    assert_decodable(viewer.parts)


def test_viewer_gets_what_its_element_has_use_for(
    server: SimulatedServer, viewer: ScalableViewer
) -> None:
    viewer.subscription.preference = Preference(element_size=FrameSize(600, 340))
    allow(server, viewer, None)
    server.run(1.0)

    assert {spatial for spatial, _ in viewer.layers_seen()} == {0, 1}
    assert subscription_stats(viewer.subscription).frame_width == 640
    assert_decodable(viewer.parts)


def test_viewer_that_could_not_tell_the_layers_apart_gets_the_lowest(
    server: SimulatedServer,
) -> None:
    viewer = ScalableViewer(server, AV1._replace(viewer_extensions=()))
    publisher = ScalablePublisher(server, AV1)
    server.run(2.0)

    # From the beginning, when it is not known yet which layers there are.
    assert {part.what["frame"][1] for part in viewer.parts} == {0}
    assert viewer.layers_seen() == {(0, 0), (0, 1), (0, 2)}
    assert_decodable(viewer.parts)
    assert publisher.keyframes_sent == 1
    publication = viewer.subscription.publication
    assert publication is not None
    layers = publication.layers_for(viewer.subscription, server.clock.now)
    assert [each.layer for each in layers] == [Layer(0, 0, temporal) for temporal in range(3)]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_chosen_every_frame_can_be_decoded(seed: int, codec: Scalable) -> None:
    random = Random(seed)
    server = SimulatedServer()
    ScalablePublisher(server, codec, sends_bursts=seed % 2 == 0)
    viewers = [ScalableViewer(server, codec, f"viewer {number}") for number in range(4)]
    server.run(1.0)

    for _ in range(60):
        server.run(random.random() * 0.2)
        random.choice(viewers).subscription.select_layer(random.choice(LAYERS))
        server.settle()
    for viewer in viewers:
        allow(server, viewer, None)
    server.run(3.0)

    for viewer in viewers:
        assert_decodable(viewer.parts)
        assert len(viewer.layers_seen()) == 9
