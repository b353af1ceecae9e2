"""The frames of AV1 are numbered in a header extension, and no viewer sees these go back."""

from __future__ import annotations

from random import Random

import pytest

from liverelay.sfu.layers import Layer
from tests.support.simulation.server import SimulatedServer
from tests.support.simulation.svc import AV1, ScalablePublisher, ScalableViewer, assert_decodable

SSRCS = (0x1234, 0x1235)


def keeps_up(server: SimulatedServer, viewer: ScalableViewer) -> bool:
    """Whether the viewer has got a picture of each of the last moments."""
    return viewer.parts[-1].at > server.clock.now - 0.1


def test_picture_goes_on_when_a_publisher_returns_and_counts_from_the_beginning() -> None:
    server = SimulatedServer()
    first = ScalablePublisher(server, AV1)
    viewer = ScalableViewer(server, AV1)
    server.run(20.0)
    first.go()
    server.run(1.0)

    returned = ScalablePublisher(server, AV1)
    server.run(1.0)

    assert keeps_up(server, viewer)
    assert_decodable(viewer.parts)
    assert returned.keyframes_sent == 1


def test_picture_goes_on_when_the_publisher_sends_from_another_encoder() -> None:
    server = SimulatedServer()
    publisher = ScalablePublisher(server, AV1)
    viewer = ScalableViewer(server, AV1)
    server.run(20.0)

    publisher.change_ssrc(0x9999)
    server.run(1.0)

    assert keeps_up(server, viewer)
    assert_decodable(viewer.parts)


@pytest.mark.parametrize("pictures", [(0, 1_000), (1_000, 0)])
def test_viewers_go_from_one_encoding_to_another_that_counts_for_itself(
    pictures: tuple[int, int],
) -> None:
    server = SimulatedServer()
    ScalablePublisher(server, AV1, ssrcs=SSRCS, pictures=pictures)
    stays, goes = (ScalableViewer(server, AV1, name) for name in ("stays", "goes"))
    server.run(1.0)

    for index in (1, 0, 1):
        goes.subscription.select_layer(Layer(index, 2, 2))
        stays.subscription.select_layer(Layer(0, 2, 2))
        server.run(1.0)
        assert goes.parts[-1].what["frame"][2] == SSRCS[index]

    for viewer in (stays, goes):
        assert keeps_up(server, viewer)
        assert len(viewer.layers_seen()) == 9
        assert_decodable(viewer.parts)


@pytest.mark.parametrize("seed", range(6))
def test_numbers_never_go_back_whatever_viewers_and_publishers_do(seed: int) -> None:
    random = Random(seed)
    server = SimulatedServer()

    def publish() -> ScalablePublisher:
        # The numbers are three to a picture, and wrap at 65536.
        pictures = [random.randrange(21_900) for _ in SSRCS]
        return ScalablePublisher(
            server, AV1, ssrcs=SSRCS, pictures=pictures, sends_bursts=seed % 2 == 0
        )

    publisher = publish()
    viewers = [ScalableViewer(server, AV1, f"viewer {number}") for number in range(3)]
    server.run(1.0)
    for _ in range(50):
        server.run(random.random() * 0.3)
        if random.random() < 0.15:
            publisher.go()
            publisher = publish()
        chosen = random.choice([None, Layer(random.randrange(2), *random.choices(range(3), k=2))])
        random.choice(viewers).subscription.select_layer(chosen)
        server.settle()
    for viewer in viewers:
        server.room.choose_layer(viewer.subscription, server.clock.now)
    server.run(1.5)

    for viewer in viewers:
        assert keeps_up(server, viewer)
        assert_decodable(viewer.parts)
