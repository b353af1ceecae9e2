import pytest

from liverelay.rtp.types import PayloadType
from liverelay.sdp.matching import (
    best_match,
    can_carry,
    describe,
    extension_id_map,
    payload_type_map,
    same_format,
)
from liverelay.sdp.parameters import Codec, HeaderExtension
from tests.support.sdp import OPUS, RED, VP8, VP9, h264


def vp9(profile: str) -> Codec:
    return Codec(PayloadType(100), "VP9", 90000, parameters=(("profile-id", profile),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("42e01f", "42c01f"),
        ("42e01f", "42E034"),
        ("42e01f", "4d801f"),
        ("42e01f", "58c01f"),
        ("42001f", "420014"),
        ("42001f", "58801f"),
        ("4d001f", "4d401f"),
        ("64001f", "640033"),
        ("640c1f", "640c0a"),
        ("f4001f", "f40020"),
        ("58001f", "580020"),
        ("7a001f", "7a0020"),
        (None, "42e01f"),
    ],
)
def test_h264_levels_and_spellings_of_a_profile_are_one_format(one: str | None, other: str) -> None:
    assert same_format(h264(one), h264(other))


@pytest.mark.parametrize("other", ["42001f", "4d001f", "64001f", "640c1f", "zz", "7a001f"])
def test_h264_profiles_are_different_formats(other: str) -> None:
    assert not same_format(h264("42e01f"), h264(other))


def test_h264_packetization_modes_are_different_formats() -> None:
    assert same_format(h264(mode=None), h264(mode="0"))
    assert not same_format(h264(mode="1"), h264(mode=None))


@pytest.mark.parametrize(
    ("receiving", "sent", "able"),
    [
        (h264("42001f"), h264("42e01f"), True),
        (h264("64001f"), h264("4d001f"), True),
        (h264("42e01f"), h264("42001f"), False),
        (h264("7a001f"), h264("42e01f"), False),
        (h264(mode="1"), h264(mode="0"), True),
        (h264(mode="0"), h264(mode="1"), False),
        (VP8, VP9, False),
        (h264(), VP8, False),
        (VP8, VP8, True),
    ],
)
def test_decoder_of_a_profile_carries_what_it_contains(
    receiving: Codec, sent: Codec, able: bool
) -> None:
    assert can_carry(receiving, sent) is able


def test_variants_of_vp9_av1_and_h265_are_told_apart_by_their_defaults() -> None:
    av1 = Codec(PayloadType(45), "AV1", 90000, parameters=(("level-idx", "5"), ("profile", "0")))
    h265 = Codec(PayloadType(49), "H265", 90000, parameters=(("level-id", "93"),))

    assert same_format(VP9, vp9("0"))
    assert not same_format(VP9, vp9("2"))
    assert same_format(av1, Codec(PayloadType(1), "AV1", 90000))
    assert same_format(
        h265, Codec(PayloadType(1), "H265", 90000, parameters=(("Profile-ID", "1"),))
    )
    assert not same_format(
        h265, Codec(PayloadType(1), "H265", 90000, parameters=(("profile-id", "2"),))
    )


def test_best_match_is_the_same_format_before_one_that_contains_it() -> None:
    baseline, constrained = h264("42001f", payload_type=102), h264("42e01f", payload_type=108)

    assert best_match(h264("42c01f"), [baseline, constrained]) is constrained
    assert best_match(h264("42c01f"), [VP8, baseline]) is baseline
    assert best_match(VP9, [VP8]) is None


def test_payload_types_are_mapped_to_those_of_the_viewer() -> None:
    viewer = [Codec(PayloadType(109), "opus", 48000, 2)]

    assert payload_type_map([OPUS, RED], viewer) == {111: 109, 63: None}


def test_extension_ids_are_mapped_by_uri() -> None:
    received = [HeaderExtension(1, "urn:a"), HeaderExtension(2, "urn:b")]

    assert extension_id_map(received, [HeaderExtension(7, "urn:b")]) == {1: None, 2: 7}


def test_descriptions_name_what_makes_the_variant() -> None:
    assert describe(VP8) == "VP8"
    assert describe(VP9) == "VP9"
    assert describe(vp9("2")) == "VP9 (profile-id=2)"
    assert describe(h264()) == "H264 (profile-level-id=42e01f;packetization-mode=1)"
