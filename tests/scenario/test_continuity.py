"""Whatever a publisher does, to those who watch it is one stream without gaps and steps back."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from liverelay.rtp.types import PayloadType
from tests.support.network import Conditions
from tests.support.observations import AT_ONCE, AUDIO, VIDEO, gaps, is_keyframe, steps_back
from tests.support.parameters import VP8, published_video
from tests.support.scenario import AUDIO_RATE, VIDEO_RATE, Numbers, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.scenario import Publisher, Viewer

RATES = {VIDEO: VIDEO_RATE, AUDIO: AUDIO_RATE}


class Stage:
    """A publisher that changes its mind, with a seed for all that is left to chance."""

    def __init__(self, scenario: Scenario, name: str, seed: int) -> None:
        self.random = Random(seed)
        self.publisher: Publisher
        self._scenario = scenario
        self._name = name
        self._payload_types = [96, 100, 102]
        self._publish()

    def reconnect(self) -> None:
        """Come back from another connection, at once or after a while."""
        self._scenario.unpublish(self.publisher)
        self._scenario.run(self.random.choice((0.0, 0.3, 5.0)))
        self._publish()

    def change_codec_order(self) -> None:
        """Come back with other payload types, as after another order of codecs."""
        self._payload_types.append(self._payload_types.pop(0))
        self.reconnect()

    def switch_source(self) -> None:
        """Show the screen: another SSRC, as of a sender that was added for it."""
        numbers = self._numbers()
        self.publisher.numbers = replace(self.publisher.numbers, video_ssrc=numbers.video_ssrc)

    def change_resolution(self) -> None:
        """Begin a new picture size, with a keyframe that nobody has asked for."""
        self.publisher._owes_keyframe = True

    def mute(self) -> None:
        """Send nothing for a while, and then again."""
        self.publisher.sends_video = self.random.random() < 0.5
        self.publisher.sends_sound = self.random.random() < 0.5
        self._scenario.run(self.random.uniform(0.1, 4.0))
        self.publisher.sends_video = self.publisher.sends_sound = True

    def _publish(self) -> None:
        numbers = self._numbers()
        codec = replace(VP8, payload_type=PayloadType(self._payload_types[0]))
        self.publisher = self._scenario.publish(
            self._name,
            numbers,
            AT_ONCE,
            video=published_video(codec, ssrcs=(numbers.video_ssrc,)),
        )

    def _numbers(self) -> Numbers:
        return Numbers(
            video_ssrc=self.random.getrandbits(32),
            audio_ssrc=self.random.getrandbits(32),
            sequence_number=self.random.getrandbits(16),
            rtp_timestamp=self.random.getrandbits(32),
            ntp_ahead=self.random.uniform(-1e6, 1e6),
        )


ACTIONS: list[Callable[[Stage], None]] = [
    Stage.reconnect,
    Stage.change_codec_order,
    Stage.switch_source,
    Stage.change_resolution,
    Stage.mute,
]


def check_continuous(viewer: Viewer) -> None:
    for ssrc in (VIDEO, AUDIO):
        stream = viewer.stream(ssrc)
        assert gaps(stream) == []
        assert steps_back(stream) == []
        assert len({packet.payload_type for packet in stream}) == 1
        # No more time passes in timestamps than on the clock: nothing is played too late.
        first, last = stream[0], stream[-1]
        ticks = (last.rtp_timestamp - first.rtp_timestamp) & 0xFFFFFFFF
        assert ticks / RATES[ssrc] == pytest.approx(last.at - first.at, abs=0.2)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
@pytest.mark.parametrize("seed", range(2))
def test_viewer_goes_on(action: Callable[[Stage], None], seed: int) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    stage = Stage(scenario, "anna", seed)
    scenario.run(2.0)

    before = len(viewer.stream(VIDEO))
    action(stage)
    changed_at = scenario.clock.now
    scenario.run(2.0)

    check_continuous(viewer)
    video = viewer.stream(VIDEO)
    assert any(changed_at < packet.at < changed_at + 0.1 for packet in video)
    if action is not Stage.mute:
        assert is_keyframe(video[before])


@pytest.mark.parametrize("seed", range(3))
def test_viewers_go_on_through_one_change_after_another(seed: int) -> None:
    scenario = Scenario()
    early = scenario.watch("early", conditions=AT_ONCE)
    stage = Stage(scenario, "anna", seed)
    scenario.run(1.0)
    late = scenario.watch("late", conditions=AT_ONCE)

    for _ in range(12):
        stage.random.choice(ACTIONS)(stage)
        scenario.run(stage.random.uniform(0.5, 3.0))

    check_continuous(early)
    check_continuous(late)


@pytest.mark.parametrize("seed", range(2))
def test_peers_of_a_call_go_on_while_each_changes_in_turn(seed: int) -> None:
    scenario = Scenario()
    stages = [Stage(scenario, "anna", seed), Stage(scenario, "ben", seed + 100)]
    viewers = [
        scenario.watch(f"{name}, watching", conditions=AT_ONCE, peer=name)
        for name in ("anna", "ben")
    ]
    scenario.run(1.0)

    for turn in range(10):
        stage = stages[turn % 2]
        stage.random.choice(ACTIONS)(stage)
        scenario.run(stage.random.uniform(0.5, 3.0))

    for viewer, other in zip(viewers, (b"ben", b"ann"), strict=True):
        check_continuous(viewer)
        assert {packet.payload[-13:-10] for packet in viewer.stream(VIDEO)} == {other}


@pytest.mark.parametrize("seed", range(2))
def test_viewer_behind_a_lossy_network_goes_on(seed: int) -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=Conditions(loss=0.05, spread=0.02))
    viewer.sends_nacks = True
    stage = Stage(scenario, "anna", seed)
    scenario.run(2.0)

    for _ in range(6):
        stage.random.choice(ACTIONS)(stage)
        scenario.run(2.0)

    for ssrc in (VIDEO, AUDIO):
        stream = viewer.in_order(ssrc)
        numbers = [packet.sequence_number for packet in stream]
        # Each number is of one packet, and what is lost is lost on the network.
        assert len(set(numbers)) == len(numbers)
        assert steps_back(stream) == []
        assert len(stream) > 0.9 * ((numbers[-1] - numbers[0]) & 0xFFFF)
