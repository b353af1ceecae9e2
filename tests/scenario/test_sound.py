"""Sound protected against losses (RED, RFC 2198), and told to viewers of every kind."""

from __future__ import annotations

import pytest

from liverelay.rtp.extensions import AUDIO_LEVEL_URI
from liverelay.sdp.parameters import HeaderExtension
from tests.support.network import Conditions
from tests.support.observations import AT_ONCE, AUDIO, gaps
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import (
    OPUS,
    RED,
    VIEWER_OPUS,
    VIEWER_RED,
    published_audio,
    watched_audio,
)
from tests.support.scenario import Numbers, Scenario

LEVEL = HeaderExtension(1, AUDIO_LEVEL_URI)
SPEECH, NOISE = 30, 70


def red(number: int) -> bytes:
    """Return one packet's payload: the sound before, 20 ms old, and its own."""
    before, own = f"sound {number - 1:4}".encode(), f"sound {number:4}".encode()
    header = bytes((0x80 | OPUS.payload_type,)) + (960 << 10 | len(before)).to_bytes(3)
    return header + bytes((OPUS.payload_type,)) + before + own


def own_sound(payload: bytes) -> bytes:
    return payload[-10:]


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_red_goes_whole_to_those_who_have_it_and_bare_to_the_others(loss: float) -> None:
    scenario = Scenario()
    bare = scenario.watch("bare", conditions=AT_ONCE, audio=watched_audio(VIEWER_OPUS))
    whole = scenario.watch(
        "whole",
        conditions=Conditions(delay=0.0, loss=loss),
        audio=watched_audio(VIEWER_RED, VIEWER_OPUS),
    )
    publisher = scenario.publish(audio=published_audio(RED, OPUS), conditions=AT_ONCE)
    publisher.sends_sound = False
    scenario.run(0.1)
    before = len(bare.stream(AUDIO))

    for number in range(200):
        scenario.on_rtp(
            publisher.session_id,
            rtp(
                red(number),
                payload_type=RED.payload_type,
                sequence_number=publisher._audio_sequence + number,
                rtp_timestamp=publisher.audio_timestamp(scenario.clock.now),
                ssrc=publisher.numbers.audio_ssrc,
            ),
        )
        scenario.run(0.02)

    heard = bare.stream(AUDIO)[before:]
    assert [packet.payload for packet in heard] == [b"sound %4d" % each for each in range(200)]
    assert {packet.payload_type for packet in heard} == {VIEWER_OPUS.payload_type}
    assert gaps(bare.stream(AUDIO)) == []
    protected = [each for each in whole.stream(AUDIO) if each.payload_type == 119]
    # The blocks are named by the viewer's own numbers, and hold what is lost of the packet before.
    assert {packet.payload[0] & 0x7F for packet in protected} == {VIEWER_OPUS.payload_type}
    assert {packet.payload[4] for packet in protected} == {VIEWER_OPUS.payload_type}
    sounds = {own_sound(each.payload) for each in protected}
    sounds |= {each.payload[5:15] for each in protected}
    assert len(sounds) >= (201 if loss == 0.0 else 195)


def test_room_knows_who_speaks_and_for_how_long() -> None:
    scenario = Scenario()
    numbers = {
        "anna": Numbers(video_ssrc=1, audio_ssrc=2),
        "ben": Numbers(video_ssrc=3, audio_ssrc=4),
    }
    publishers = {
        name: scenario.publish(
            name,
            each,
            AT_ONCE,
            audio=published_audio(ssrcs=(each.audio_ssrc,), extensions=(LEVEL,)),
        )
        for name, each in numbers.items()
    }
    speakers = scenario.room.speakers

    def hear(seconds: float, **levels: int) -> None:
        for _ in range(round(seconds / 0.02)):
            for name, level in levels.items():
                publisher = publishers[name]
                packet = rtp(
                    payload_type=OPUS.payload_type,
                    sequence_number=publisher._audio_sequence,
                    ssrc=publisher.numbers.audio_ssrc,
                    extension=one_byte_elements((1, bytes((level,)))),
                )
                publisher._audio_sequence += 1
                scenario.on_rtp(publisher.session_id, packet)
            scenario.run(0.02)

    for publisher in publishers.values():
        publisher.sends_sound = False

    hear(1.0, anna=NOISE, ben=NOISE)
    assert speakers.speaking() == []
    hear(1.0, anna=SPEECH, ben=NOISE)
    assert [each.peer_id for each in speakers.speaking()] == ["anna"]
    hear(1.5, anna=NOISE, ben=SPEECH)
    assert [each.peer_id for each in speakers.speaking()] == ["ben"]
    assert speakers.dominant == "ben"
    # It sends nothing more: a deadline of the room's says so.
    scenario.run(1.1)
    assert speakers.speaking() == []
    hear(1.0, anna=SPEECH)
    scenario.unpublish(publishers["anna"])
    assert speakers.dominant is None
