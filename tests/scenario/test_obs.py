"""A streamer with OBS sends three sizes of H.264 and asks nobody when to make a keyframe."""

from itertools import pairwise

import pytest

from liverelay.sfu.layers import FrameSize, Preference, Quality
from liverelay.sfu.statistics import publication_stats, subscription_stats
from tests.support.simulation.obs import (
    FRAME_INTERVAL,
    FRAMES_PER_KEYFRAME,
    PACKETS_PER_FRAME,
    VIDEO_RATE,
    WIDTHS,
    ObsPublisher,
    ObsViewer,
)
from tests.support.simulation.server import SimulatedServer

KEYFRAME_INTERVAL = FRAMES_PER_KEYFRAME * FRAME_INTERVAL


def ask_for(server: SimulatedServer, viewer: ObsViewer, preference: Preference) -> None:
    """Choose, and wait until the next keyframe has come."""
    viewer.subscription.preference = preference
    server.room.choose_layer(viewer.subscription, server.clock.now)
    server.settle()
    server.run(KEYFRAME_INTERVAL + 0.5)


def assert_decodable(viewer: ObsViewer) -> None:
    """Check that it got every packet, and one encoding from a parameter set to the next."""
    assert viewer.units[0].is_parameter_set
    for before, unit in pairwise(viewer.units):
        assert (unit.sequence_number - before.sequence_number) & 0xFFFF == 1
        # A jump between two encodings would be a frozen picture, or one in the past.
        assert 0 <= unit.rtp_timestamp - before.rtp_timestamp <= 4 * FRAME_INTERVAL * VIDEO_RATE
    for run in viewer.runs():
        assert len({unit.rid for unit in run} - {None}) == 1


def test_sizes_of_all_encodings_are_known() -> None:
    server = SimulatedServer()
    ObsPublisher(server)
    viewer = ObsViewer(server)
    server.run(1.0)
    publication = viewer.subscription.publication
    assert publication is not None

    streams = publication_stats(publication).streams

    assert {stream.rid: stream.frame_width for stream in streams} == WIDTHS
    assert {stream.frame_height for stream in streams} == {1080, 768, 360}


def test_viewer_goes_over_to_each_size_at_the_next_keyframe() -> None:
    server = SimulatedServer()
    ObsPublisher(server)
    server.run(1.0)
    viewer = ObsViewer(server)
    server.run(KEYFRAME_INTERVAL)

    shown = [viewer.units[-1].rid]
    for preference in (
        Preference(Quality.LOW),
        Preference(Quality.MEDIUM),
        Preference(element_size=FrameSize(600, 340)),
        Preference(Quality.HIGH),
    ):
        ask_for(server, viewer, preference)
        shown.append(viewer.units[-1].rid)

    assert shown == ["0", "2", "1", "2", "0"]
    assert subscription_stats(viewer.subscription).frame_width == 1920
    assert_decodable(viewer)


@pytest.mark.parametrize("rid", ["0", "1"])
def test_lost_packet_is_asked_for_and_comes_on_the_stream_itself(rid: str) -> None:
    server = SimulatedServer()
    publisher = ObsPublisher(server)
    server.run(1.0)
    viewer = ObsViewer(server)
    ask_for(server, viewer, Preference(Quality.HIGH if rid == "0" else Quality.MEDIUM))

    publisher.losing = rid
    server.run(1.0)

    assert publisher.nack_count == 1
    assert_decodable(viewer)
    publication = viewer.subscription.publication
    assert publication is not None
    stream = publication_stats(publication).streams[list(PACKETS_PER_FRAME).index(rid)]
    assert (stream.retransmitted_packets_received, stream.packets_lost) == (1, 1)
