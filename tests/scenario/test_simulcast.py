"""What a viewer of a publisher with three encodings sees, whatever happens to them."""

from itertools import pairwise
from random import Random

import pytest

from liverelay.sfu.layers import FrameSize, Layer, Preference, Quality
from tests.support.simulation.server import SimulatedServer
from tests.support.simulation.simulcast import (
    SimulcastPublisher,
    SimulcastViewer,
    assert_decodable,
)


def ask_for(server: SimulatedServer, viewer: SimulcastViewer, preference: Preference) -> None:
    viewer.subscription.preference = preference
    server.room.choose_layer(viewer.subscription, server.clock.now)
    server.settle()


def test_viewer_gets_the_largest_encoding() -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    server.run(1.0)

    frames = viewer.frames()
    assert viewer.shown() == "f"
    assert len(frames) >= 25
    assert_decodable(frames)
    assert [rid for _, rid in publisher.plis] == ["f"]


def test_viewer_that_was_there_first_starts_with_what_comes_first() -> None:
    server = SimulatedServer()
    viewer = SimulcastViewer(server)
    publisher = SimulcastPublisher(server)
    server.run(1.0)

    assert viewer.shown() in {"qhf", "f"}
    assert_decodable(viewer.frames())
    assert len(publisher.plis) <= 1


@pytest.mark.parametrize(
    ("preference", "rid"),
    [
        (Preference(Quality.LOW), "q"),
        (Preference(Quality.MEDIUM), "h"),
        (Preference(element_size=FrameSize(300, 200)), "q"),
    ],
)
def test_viewer_goes_over_to_what_it_asks_for_and_back(preference: Preference, rid: str) -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    server.run(1.0)

    ask_for(server, viewer, preference)
    server.run(1.0)
    ask_for(server, viewer, Preference())
    server.run(1.0)

    assert viewer.shown() == f"f{rid}f"
    assert_decodable(viewer.frames())
    assert [asked for _, asked in publisher.plis] == ["f", rid, "f"]


def test_numbers_of_a_lone_viewer_have_no_gap_across_switches() -> None:
    server = SimulatedServer()
    SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    for quality in (Quality.HIGH, Quality.LOW, Quality.MEDIUM, Quality.HIGH):
        ask_for(server, viewer, Preference(quality))
        server.run(0.7)

    parts, frames = viewer.in_order(), viewer.frames()
    pairs = list(zip(frames, frames[1:], strict=False))
    assert viewer.shown() == "fqhf"
    numbers = [part.sequence_number for part in parts]
    assert {(b - a) & 0xFFFF for a, b in zip(numbers, numbers[1:], strict=False)} == {1}
    assert {(b.picture_id - a.picture_id) & 0x7FFF for a, b in pairs} == {1}
    assert {(b.tl0picidx - a.tl0picidx) & 0xFF for a, b in pairs if b.layer == 0} == {1}
    assert {b.tl0picidx == a.tl0picidx for a, b in pairs if b.layer > 0} == {True}


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15])
# Between two looks at which layers arrive.
@pytest.mark.parametrize("phase", [0.0, 0.05, 0.1])
def test_viewer_falls_back_within_a_second_when_its_encoding_stops(
    delay: float, phase: float
) -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server, delay=delay)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    server.run(2.0 + phase)
    publisher.encoders["f"].is_active = False

    server.run(3.0)

    frames = viewer.frames()
    assert viewer.shown() == "fh"
    assert_decodable(frames)
    # What its viewer sees: how long the last picture of the one stands before the first of the
    # other comes.
    (pause,) = (b.at - a.at for a, b in pairwise(frames) if a.rid != b.rid)
    assert pause < 1.0


def test_viewer_gets_its_encoding_back_when_it_is_sent_again() -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    for is_active in (False, True):
        publisher.encoders["f"].is_active = is_active
        server.run(2.0)

    assert viewer.shown() == "hf"
    assert_decodable(viewer.frames())


def test_only_one_encoding_is_asked_for_keyframes_however_many_are_sent() -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    viewers = [SimulcastViewer(server, f"viewer {number}") for number in range(20)]
    server.run(10.0)

    assert {rid for _, rid in publisher.plis} == {"f"}
    for viewer in viewers:
        assert_decodable(viewer.frames())


def test_paused_video_goes_on_where_it_was() -> None:
    server = SimulatedServer()
    SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    server.run(1.0)
    viewer.subscription.select_layer(None)
    before = len(viewer.frames())
    server.run(1.0)
    assert len(viewer.frames()) == before

    server.room.choose_layer(viewer.subscription, server.clock.now)
    server.run(1.0)

    assert len(viewer.frames()) > before
    assert_decodable(viewer.frames())


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_chosen_every_frame_can_be_decoded(seed: int) -> None:
    random = Random(seed)
    server = SimulatedServer()
    publisher = SimulcastPublisher(server, sends_bursts=seed % 2 == 0)
    viewers = [SimulcastViewer(server, f"viewer {number}") for number in range(4)]
    for _ in range(40):
        server.run(random.random() * 0.3)
        if random.random() < 0.3:
            encoder = random.choice(list(publisher.encoders.values()))
            encoder.is_active = not encoder.is_active
        ask_for(server, random.choice(viewers), Preference(random.choice(list(Quality))))
    for encoder in publisher.encoders.values():
        encoder.is_active = True
    for viewer in viewers:
        ask_for(server, viewer, Preference())
    server.run(2.0)

    for viewer in viewers:
        assert_decodable(viewer.frames())
        assert viewer.shown()[-1] == "f"


def test_layer_of_the_same_encoding_is_no_switch() -> None:
    server = SimulatedServer()
    publisher = SimulcastPublisher(server)
    server.run(1.0)
    viewer = SimulcastViewer(server)
    server.run(1.0)

    viewer.subscription.select_layer(Layer(1))
    viewer.subscription.select_layer(Layer(2))
    server.run(1.0)

    assert viewer.shown() == "f"
    assert [rid for _, rid in publisher.plis] == ["f"]
