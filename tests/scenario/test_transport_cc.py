"""Viewers that report on each packet, and know no other way to say what their path carries."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from liverelay.rtp.transport_cc import CLOCK_TICKS, MAX_DELTA_TICKS, TransportFeedback
from liverelay.rtp.types import Ssrc
from liverelay.sfu.drops import DropReason
from tests.support.network import Conditions
from tests.support.simulation.camera import SIMULCAST
from tests.support.simulation.encoder import Shape
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.estimating import ReportingViewer

LOW, MIDDLE, HIGH = range(3)
LARGE = (Shape("q", 150_000), Shape("h", 1_000_000), Shape("f", 5_000_000))
AUDIO_PACKETS_PER_SECOND = 50


def budget_of(scene: Scene, viewer: ReportingViewer) -> float:
    bitrate = scene.room.available_outgoing_bitrate(viewer.session_id)
    assert bitrate is not None
    return bitrate


@pytest.mark.parametrize(
    ("shapes", "rate_bps", "layer", "spread"),
    [
        (SIMULCAST, 300_000, LOW, 0.04),
        (SIMULCAST, 500_000, LOW, 0.0),
        (SIMULCAST, 1_000_000, MIDDLE, 0.0),
        (SIMULCAST, 1_000_000, MIDDLE, 0.04),
        (LARGE, 3_000_000, MIDDLE, 0.04),
    ],
)
def test_budget_converges_to_what_the_path_carries_and_stays(
    shapes: tuple[Shape, ...], rate_bps: int, layer: int, spread: float
) -> None:
    scene = Scene(shapes=shapes)
    viewer = scene.acknowledge(Conditions(rate_bps=rate_bps, spread=spread))

    scene.run(10.0)

    for _ in range(20):
        scene.run(1.0)
        assert 0.8 * rate_bps <= budget_of(scene, viewer) <= rate_bps
        assert viewer.encoding_index == layer


@pytest.mark.parametrize("rate_bps", [120_000, 300_000, 1_000_000])
def test_sound_goes_on_whatever_the_path_carries(rate_bps: int) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge(Conditions(rate_bps=rate_bps))
    scene.run(10.0)
    before = len(viewer.ear.delays)

    # What was sent last may be in a queue still.
    scene.run(20.5)

    heard = list(viewer.ear.delays.values())[before:]
    assert len(heard) > 0.99 * 20 * AUDIO_PACKETS_PER_SECOND
    assert max(heard) < 0.5


def test_viewer_on_a_slow_path_stays_fluent_and_no_other_notices() -> None:
    scene = Scene(shapes=SIMULCAST)
    slow = scene.acknowledge(Conditions(rate_bps=300_000))
    others = [scene.estimate(), scene.acknowledge()]
    scene.run(10.0)
    begun = scene.clock.now

    scene.run(20.0)

    assert [each.encoding_index for each in (slow, *others)] == [LOW, HIGH, HIGH]
    assert max(slow.judge.pauses(begun, scene.clock.now)) < 0.3
    for other in others:
        assert max(other.judge.pauses(begun, scene.clock.now)) < 0.1
        assert other.padding_sent == 0


def test_viewer_gets_the_best_again_within_15_seconds_of_the_limit_going() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge(Conditions(rate_bps=300_000))
    scene.run(20.0)

    viewer.set_conditions(Conditions())
    scene.run(15.0)

    assert viewer.encoding_index == HIGH


@pytest.mark.parametrize("spread", [0.02, 0.05, 0.1])
def test_jitter_and_a_little_loss_are_no_limit(spread: float) -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge(Conditions(spread=spread, loss=0.02))

    for _ in range(20):
        scene.run(1.0)
        assert viewer.encoding_index == HIGH


def test_longer_route_is_no_limit() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge()
    scene.run(5.0)

    viewer.set_conditions(Conditions(delay=0.15))

    for _ in range(20):
        scene.run(1.0)
        assert viewer.encoding_index == HIGH


def test_viewer_whose_reports_get_lost_is_served_as_well() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge(Conditions(rate_bps=1_000_000))
    viewer.up.path.conditions = Conditions(loss=0.2)

    scene.run(10.0)

    for _ in range(10):
        scene.run(1.0)
        assert 800_000 <= budget_of(scene, viewer) <= 1_000_000
        assert viewer.encoding_index == MIDDLE


def test_invented_reports_harm_nobody_else() -> None:
    scene = Scene(shapes=SIMULCAST)
    liar, other = scene.acknowledge(), scene.acknowledge()
    scene.run(2.0)
    begun, random = scene.clock.now, Random(1)

    for _ in range(200):
        clock = random.randrange(CLOCK_TICKS)
        arrivals: list[int | None] = [clock]
        for _ in range(30):
            if random.random() < 0.5:
                arrivals.append(None)
            else:
                clock += random.randint(-MAX_DELTA_TICKS, MAX_DELTA_TICKS)
                arrivals.append(clock)
        base = random.randrange(1 << 10)
        report = TransportFeedback(Ssrc(1), Ssrc(2), 0, base, tuple(arrivals)).serialize()
        scene.on_rtcp(liar.session_id, report)
        scene.on_rtcp(liar.session_id, report[: random.randrange(4, len(report))])
        scene.run(0.05)

    assert scene.room.drops[DropReason.MALFORMED_RTCP] > 0
    assert other.encoding_index == HIGH
    assert max(other.judge.pauses(begun, scene.clock.now)) < 0.1


def test_path_that_cannot_be_probed_is_tried() -> None:
    scene = Scene(shapes=SIMULCAST)
    viewer = scene.acknowledge(Conditions(rate_bps=300_000), has_rtx=False)
    scene.run(15.0)

    viewer.set_conditions(Conditions())
    scene.run(20.0)

    assert viewer.encoding_index == HIGH
