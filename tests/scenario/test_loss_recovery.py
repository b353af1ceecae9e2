"""Loss between the server and a viewer."""

import struct

import pytest

from tests.support.network import Conditions
from tests.support.observations import RTX, VIDEO
from tests.support.scenario import (
    Scenario,
)


@pytest.mark.parametrize("loss", [0.01, 0.1])
def test_losses_towards_a_viewer_are_repaired(loss: float) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=Conditions(loss=loss))
    viewer.sends_nacks = True
    scenario.publish()

    scenario.run(10.0)

    media = {packet.sequence_number for packet in viewer.stream(VIDEO)}
    repaired = {struct.unpack("!H", packet.payload[:2])[0] for packet in viewer.stream(RTX)}
    numbers = range(1, 30 * 4 * 9)
    missing = [number for number in numbers if number not in media | repaired]
    assert viewer.link.lost > 5
    assert len(missing) / len(numbers) < loss * loss * 2
    assert repaired.isdisjoint(media)


def test_repaired_packet_is_the_one_that_was_lost() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish()
    scenario.run(2.0)
    original = viewer.stream(VIDEO)[-1]

    viewer.send_nack(VIDEO, original.sequence_number)
    scenario.run(0.1)

    (repaired,) = viewer.stream(RTX)
    assert repaired.payload == struct.pack("!H", original.sequence_number) + original.payload
    assert repaired.rtp_timestamp == original.rtp_timestamp
    assert repaired.payload_type == 124


def test_flood_of_nacks_is_no_amplifier() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    scenario.publish()
    scenario.run(2.0)
    recent = [packet.sequence_number for packet in viewer.stream(VIDEO)[-170:]]

    for _ in range(1000):
        viewer.send_nack(VIDEO, *recent)
        scenario.run(0.01)

    sent = viewer.stream(RTX)
    assert len(sent) <= 10 * len(recent)
    assert sum(len(packet.payload) for packet in sent) < 1_000_000
