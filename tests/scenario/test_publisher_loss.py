"""Loss between a publisher and the server."""

from collections import Counter

import pytest

from liverelay.rtp.rtcp.reports import ReceiverReport
from liverelay.rtp.transport_cc import TransportFeedback
from tests.support.network import Conditions
from tests.support.observations import AUDIO, VIDEO, is_keyframe
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import (
    REPAIRED_VP8,
    TRANSPORT_CC_EXTENSION,
    VP8,
    VP8_WITH_NACK,
    published_video,
)
from tests.support.scenario import Publisher, Scenario, Viewer

# Of the publisher's first packets, so that nothing is lost before the viewer starts.
WARM_UP = 1.0
LOSSY = Conditions(loss=0.05)


def lossy_scene(
    conditions: Conditions, *, repaired: bool = True
) -> tuple[Scenario, Publisher, Viewer]:
    """Return a scene after a minute of which one was without and one with those conditions."""
    scenario = Scenario()
    viewer = scenario.watch()
    codec = REPAIRED_VP8 if repaired else VP8_WITH_NACK
    publisher = scenario.publish(video=published_video(codec))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = conditions
    scenario.run(10.0)
    publisher.link.path.conditions = Conditions()
    scenario.run(1.0)
    return scenario, publisher, viewer


def missing(viewer: Viewer) -> int:
    numbers = [packet.sequence_number for packet in viewer.in_order(VIDEO)]
    return numbers[-1] - numbers[0] + 1 - len(numbers)


@pytest.mark.parametrize("repaired", [True, False])
@pytest.mark.parametrize(
    "conditions",
    [
        LOSSY,
        Conditions(loss=0.2),
        Conditions(loss=0.1, burst=8),
        Conditions(loss=0.05, delay=0.15),
        Conditions(loss=0.05, spread=0.03),
    ],
)
def test_losses_of_a_publisher_are_repaired(conditions: Conditions, repaired: bool) -> None:
    _, publisher, viewer = lossy_scene(conditions, repaired=repaired)

    assert publisher.link.lost > 20
    assert missing(viewer) == 0
    assert publisher.plis == []


def test_repaired_packet_is_forwarded_when_it_comes() -> None:
    _, _, viewer = lossy_scene(LOSSY)

    stream = viewer.stream(VIDEO)
    late = [
        b for a, b in zip(stream, stream[1:], strict=False) if b.rtp_timestamp < a.rtp_timestamp
    ]
    assert late
    assert max(Counter(packet.sequence_number for packet in stream).values()) == 1


def test_packets_that_only_overtake_each_other_are_hardly_asked_for() -> None:
    _, publisher, viewer = lossy_scene(Conditions(spread=0.02))

    assert missing(viewer) == 0
    assert len(publisher.nacked) <= 5


def test_loss_on_the_way_back_too_is_repaired() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = publisher.feedback_link.path.conditions = Conditions(loss=0.1)
    scenario.run(10.0)
    publisher.link.path.conditions = Conditions()
    scenario.run(1.0)

    assert missing(viewer) == 0


def test_nack_of_every_viewer_for_a_gap_is_one_upstream() -> None:
    scenario = Scenario()
    viewers = [scenario.watch(f"viewer {index}") for index in range(20)]
    for viewer in viewers:
        viewer.sends_nacks = True
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = Conditions(loss=1.0)
    scenario.run(0.1)
    lost = publisher.link.lost
    publisher.link.path.conditions = Conditions()
    scenario.run(1.0)

    asked = Counter(publisher.nacked)
    video = lost - round(0.1 / 0.02)
    assert len(asked) == pytest.approx(video, abs=1)
    assert set(asked.values()) == {1}
    assert [missing(viewer) for viewer in viewers] == [0] * 20


def test_outage_that_cannot_be_repaired_ends_with_a_keyframe() -> None:
    scenario, publisher, viewer = lossy_scene(Conditions(loss=1.0))

    scenario.run(1.0)

    assert publisher.nacked == []
    assert len(publisher.plis) == 1
    resumed = [packet for packet in viewer.stream(VIDEO) if packet.at > 111.0]
    assert any(is_keyframe(packet) for packet in resumed)


def test_keyframe_wanted_for_a_loss_is_asked_for_until_it_comes() -> None:
    scenario = Scenario()
    scenario.watch()
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = publisher.feedback_link.path.conditions = Conditions(loss=1.0)
    scenario.run(3.0)
    publisher.link.path.conditions = Conditions()
    scenario.run(4.0)
    keyframes = publisher.keyframes_sent

    publisher.feedback_link.path.conditions = Conditions()
    scenario.run(8.0)

    assert publisher.keyframes_sent == keyframes + 1


def test_loss_that_nobody_watches_costs_no_keyframe() -> None:
    scenario = Scenario()
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = Conditions(loss=1.0)
    scenario.run(3.0)
    publisher.link.path.conditions = Conditions()
    scenario.run(3.0)

    assert publisher.plis == []


def test_loss_that_nobody_watches_is_counted_and_not_repaired() -> None:
    scenario = Scenario()
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = LOSSY
    scenario.run(5.0)
    (stream,) = scenario.room.publication_statistics()[0].streams
    lost = stream.packets_lost

    viewer = scenario.watch()
    asked_before = list(publisher.nacked)
    scenario.run(5.0)
    publisher.link.path.conditions = Conditions()
    scenario.run(1.0)

    assert asked_before == []
    assert lost == pytest.approx(0.05 * 600, rel=0.5)
    assert publisher.nacked
    assert missing(viewer) == 0
    assert len(viewer.stream(VIDEO)) > 500


def test_losses_are_repaired_until_the_last_viewer_has_gone() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(video=published_video(REPAIRED_VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = LOSSY
    scenario.run(3.0)
    scenario.leave(viewer)
    scenario.run(0.1)

    asked = len(publisher.nacked)
    scenario.run(3.0)

    assert asked > 0
    assert len(publisher.nacked) == asked


def test_publisher_that_did_not_agree_is_never_asked() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish(video=published_video(VP8))
    scenario.run(WARM_UP)
    publisher.link.path.conditions = LOSSY
    scenario.run(5.0)

    assert missing(viewer) > 20
    assert publisher.nacked == []
    assert len(viewer.stream(AUDIO)) > 200


@pytest.mark.parametrize("repaired", [True, False])
def test_report_tells_the_loss_of_the_path_whatever_was_repaired(repaired: bool) -> None:
    scenario, publisher, viewer = lossy_scene(Conditions(loss=0.1), repaired=repaired)

    reports = [packet for _, packet in publisher.rtcp if isinstance(packet, ReceiverReport)]
    block = next(block for block in reports[-1].reports if block.ssrc == 0x1234)
    assert missing(viewer) == 0
    assert block.cumulative_lost == pytest.approx(0.1 * 1200, rel=0.3)
    (stream,) = scenario.room.publication_statistics()[0].streams
    assert stream.retransmitted_packets_received == block.cumulative_lost
    # All that the path adds is its constant delay.
    assert stream.jitter < 0.001


def test_probes_on_the_retransmission_stream_are_neither_forwarded_nor_unreported() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    extensions = (TRANSPORT_CC_EXTENSION,)
    publisher = scenario.publish(
        video=published_video(REPAIRED_VP8, rtx_ssrcs={0x1234: 0x9999}, extensions=extensions)
    )
    scenario.run(WARM_UP)
    forwarded = len(viewer.packets)

    for number in range(100):
        probe = rtp(
            b"",
            payload_type=97,
            ssrc=publisher.numbers.rtx_ssrc,
            sequence_number=number,
            extension=one_byte_elements((3, number.to_bytes(2))),
            padding=255,
        )
        scenario.on_rtp(publisher.session_id, probe)

    assert len(viewer.packets) == forwarded
    scenario.run(0.2)
    reports = [packet for _, packet in publisher.rtcp if isinstance(packet, TransportFeedback)]
    arrived = [report.arrivals for report in reports]
    assert sum(map(len, arrived)) == 100
