from liverelay.rtp.types import PayloadType
from liverelay.sdp.parameters import Codec
from liverelay.sdp.selection import (
    preferred_first,
    primary_of,
    published_codecs,
    shared_codecs,
    watched_codecs,
)
from tests.support.sdp import OPUS, RED, VP8, VP9, h264

PCMU = Codec(PayloadType(0), "PCMU", 8000)
BASELINE = h264("42001f", payload_type=102)
CONSTRAINED = h264("42e01f", payload_type=108)


def test_primary_codec_is_not_red() -> None:
    assert primary_of([RED, OPUS]) is OPUS
    assert primary_of([]) is None


def test_publishers_get_their_first_codec() -> None:
    assert published_codecs([VP8, VP9], []) == (VP8,)
    assert published_codecs([], []) == ()


def test_publishers_of_opus_get_red_in_the_order_they_offer() -> None:
    assert published_codecs([OPUS, RED, PCMU], []) == (OPUS, RED)
    assert published_codecs([RED, OPUS, PCMU], []) == (RED, OPUS)
    assert published_codecs([PCMU, OPUS, RED], []) == (PCMU,)


def test_publishers_get_the_preferred_codec_where_they_offer_it() -> None:
    assert published_codecs([VP8, VP9], [VP9]) == (VP9,)
    assert published_codecs([VP8, VP9], [CONSTRAINED, VP9]) == (VP9,)
    assert published_codecs([VP8, VP9], [CONSTRAINED]) == (VP8,)
    assert published_codecs([PCMU, OPUS], [RED, PCMU]) == (PCMU,)


def test_preference_for_a_profile_takes_the_same_one_before_one_it_contains() -> None:
    assert published_codecs([VP8, CONSTRAINED, BASELINE], [BASELINE]) == (BASELINE,)
    assert published_codecs([VP8, CONSTRAINED], [BASELINE]) == (CONSTRAINED,)
    assert published_codecs([VP8, BASELINE], [CONSTRAINED]) == (VP8,)


def test_viewers_get_what_is_sent() -> None:
    assert watched_codecs([VP8, BASELINE, CONSTRAINED], [h264("42c01f")]) == (CONSTRAINED,)
    assert watched_codecs([VP8, BASELINE], [h264("42c01f")]) == (BASELINE,)
    assert watched_codecs([PCMU, OPUS, RED], [OPUS]) == (OPUS,)
    assert watched_codecs([PCMU, OPUS, RED], [RED, OPUS]) == (OPUS, RED)
    assert watched_codecs([PCMU, OPUS], [RED, OPUS]) == (OPUS,)


def test_viewers_without_what_is_sent_get_nothing() -> None:
    assert watched_codecs([VP8], [VP9, VP8]) == ()
    assert watched_codecs([VP8], []) == ()


def test_callers_share_codecs_in_the_order_of_the_other_end() -> None:
    assert shared_codecs([VP8, VP9, CONSTRAINED], [VP9, VP8]) == (VP9, VP8)


def test_callers_share_nothing_without_the_codec_that_the_other_end_sends() -> None:
    assert shared_codecs([VP8], [VP9, VP8]) == ()
    assert shared_codecs([BASELINE], [CONSTRAINED]) == ()
    assert shared_codecs([VP8], []) == ()


def test_preferred_codecs_come_first() -> None:
    assert preferred_first([VP8, VP9, CONSTRAINED], [CONSTRAINED, OPUS, VP9]) == (
        CONSTRAINED,
        VP9,
        VP8,
    )
