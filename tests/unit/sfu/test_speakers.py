"""Who speaks, by the levels of 20 ms of sound after another."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from liverelay.rtp.extensions import AUDIO_LEVEL_URI
from liverelay.rtp.packet import parse_header
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sfu.publication import Publication
from liverelay.sfu.speakers import Speaker, Speakers
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.packets import one_byte_elements, rtp, two_byte_elements
from tests.support.parameters import published_audio

if TYPE_CHECKING:
    from liverelay.sfu.speakers import LevelMeter

# In -dBov, as they are sent.
SPEECH, LOUD, NOISE, NOTHING = 30, 15, 65, 127


def publication(peer: str, extension_id: int = 1) -> Publication:
    extensions = (HeaderExtension(extension_id, AUDIO_LEVEL_URI),)
    return Publication(
        PublicationId(peer), SessionId(peer), PeerId(peer), published_audio(extensions=extensions)
    )


class Room:
    """Microphones that all send a packet each 20 ms, and what is made of that."""

    def __init__(self, *peers: str) -> None:
        self.now = 10.0
        self.speakers = Speakers()
        self.meters: dict[str, LevelMeter] = {}
        for peer in peers:
            meter = self.speakers.meter(publication(peer))
            assert meter is not None
            self.meters[peer] = meter

    @property
    def names(self) -> list[str]:
        return [speaker.peer_id for speaker in self.speakers.speaking()]

    def send(self, peer: str, level: int) -> None:
        # With the bit that says that it is speech, which changes nothing.
        packet = rtp(extension=one_byte_elements((1, bytes((0x80 | level,)))))
        self.meters[peer].on_packet(packet, parse_header(packet), self.now)

    def hear(self, seconds: float, **levels: int) -> None:
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            for peer, level in levels.items():
                self.send(peer, level)
            self.speakers.handle_timeout(self.now)


def test_speech_is_noticed_within_a_fifth_of_a_second() -> None:
    room = Room("anna")
    room.hear(2.0, anna=NOISE)
    assert room.names == []

    room.hear(0.2, anna=SPEECH)

    assert room.names == ["anna"]


def test_end_of_speech_is_noticed_within_a_second() -> None:
    room = Room("anna")
    room.hear(1.0, anna=SPEECH)

    room.hear(1.0, anna=NOISE)

    assert room.names == []
    assert room.speakers.deadline() is None


@pytest.mark.parametrize("seed", range(5))
def test_pauses_between_words_do_not_end_speech(seed: int) -> None:
    room = Room("anna")
    random = Random(seed)
    room.hear(0.5, anna=SPEECH)
    room.speakers.take_changed()

    for _ in range(50):
        room.hear(random.uniform(0.1, 0.5), anna=random.randint(20, 38))
        room.hear(random.uniform(0.02, 0.2), anna=random.choice((NOISE, NOTHING)))

    assert room.names == ["anna"]
    assert not room.speakers.take_changed()


def test_one_knock_is_not_speech() -> None:
    room = Room("anna")
    room.hear(1.0, anna=NOISE)

    room.hear(0.04, anna=LOUD)
    room.hear(1.0, anna=NOISE)

    assert not room.speakers.take_changed()


@pytest.mark.parametrize("seed", range(5))
def test_level_about_the_limit_does_not_flap(seed: int) -> None:
    room = Room("anna")
    random = Random(seed)
    changes = 0

    for _ in range(500):
        room.hear(0.02, anna=random.randint(40, 50))
        changes += room.speakers.take_changed()

    assert changes <= 1


def test_publisher_that_sends_nothing_more_does_not_speak() -> None:
    room = Room("anna")
    room.hear(1.0, anna=SPEECH)

    room.hear(0.8)
    assert room.names == ["anna"]
    room.hear(0.3)

    assert room.names == []


def test_each_change_is_told_once() -> None:
    room = Room("anna")
    assert not room.speakers.take_changed()
    room.hear(1.0, anna=SPEECH)

    assert room.speakers.take_changed()
    assert not room.speakers.take_changed()
    room.hear(1.0, anna=NOISE)
    assert room.speakers.take_changed()


def test_dominant_speaker_is_the_first_and_stays_so_beside_an_equal() -> None:
    room = Room("anna", "ben")
    room.hear(1.0, anna=SPEECH, ben=NOISE)

    room.hear(2.0, anna=SPEECH, ben=SPEECH - 4)

    assert room.names == ["anna", "ben"]
    assert room.speakers.dominant == "anna"


def test_dominant_speaker_is_replaced_by_one_who_is_louder_for_a_while() -> None:
    room = Room("anna", "ben")
    room.hear(1.0, anna=SPEECH, ben=NOISE)
    room.speakers.take_changed()

    room.hear(0.5, anna=SPEECH, ben=LOUD)
    assert room.speakers.dominant == "anna"
    assert room.speakers.take_changed()  # ben has begun
    room.hear(0.7, anna=SPEECH, ben=LOUD)

    assert room.speakers.dominant == "ben"
    assert room.speakers.take_changed()


def test_short_loudness_does_not_make_the_dominant_speaker() -> None:
    room = Room("anna", "ben")
    room.hear(1.0, anna=SPEECH, ben=SPEECH)

    for _ in range(5):
        room.hear(0.3, anna=SPEECH, ben=LOUD)
        room.hear(0.6, anna=SPEECH, ben=SPEECH)

    assert room.speakers.dominant == "anna"


def test_two_who_are_both_louder_do_not_both_take_over() -> None:
    room = Room("anna", "ben", "cleo")
    room.hear(1.0, anna=40, ben=40, cleo=40)

    room.hear(3.0, anna=40, ben=LOUD, cleo=LOUD)
    assert room.speakers.dominant == "anna"
    room.hear(1.5, anna=40, ben=LOUD, cleo=NOISE)

    assert room.speakers.dominant == "ben"


@pytest.mark.parametrize("ending", ["anna", "ben"])
def test_dominant_speaker_is_another_when_one_goes(ending: str) -> None:
    room = Room("anna", "ben")
    room.hear(1.0, anna=SPEECH, ben=NOISE)
    room.hear(0.4, anna=SPEECH, ben=LOUD)

    room.speakers.end(room.meters[ending])
    room.speakers.end(room.meters[ending])

    (other,) = {"anna", "ben"} - {ending}
    assert room.speakers.dominant == other
    room.speakers.end(room.meters[other])
    assert room.speakers.dominant is None


def test_level_is_linear() -> None:
    room = Room("anna")
    room.hear(5.0, anna=20)

    assert room.speakers.speaking() == [Speaker(PeerId("anna"), 0.1)]


def test_level_is_read_in_the_two_byte_form_too() -> None:
    room = Room("anna")
    for element in ((1, b""), (2, bytes((LOUD,)))):
        packet = rtp(extension=two_byte_elements(element), profile=0x1000)
        room.meters["anna"].on_packet(packet, parse_header(packet), 11.0)
    assert room.names == []

    packet = rtp(extension=two_byte_elements((1, bytes((LOUD,)))), profile=0x1000)
    room.meters["anna"].on_packet(packet, parse_header(packet), 11.0)

    assert room.names == ["anna"]


def test_publication_without_levels_has_no_meter() -> None:
    silent = Publication(
        PublicationId("p"), SessionId("s"), PeerId("anna"), published_audio(extensions=())
    )

    assert Speakers().meter(silent) is None
