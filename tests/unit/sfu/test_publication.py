import pytest

from liverelay.rtp.types import Rid
from tests.support.parameters import VP8_WITH_RTX, published_video, watched_audio, watched_video
from tests.support.sfu import fed_encoding, publication, subscription


@pytest.mark.parametrize(
    ("ssrcs", "rids", "count"),
    [((), (), 1), ((1,), (), 1), ((1, 2, 3), (), 3), ((), ("q", "h"), 2), ((1, 2), ("q", "h"), 2)],
)
def test_there_is_an_encoding_for_each_rid_or_declared_ssrc(
    ssrcs: tuple[int, ...], rids: tuple[str, ...], count: int
) -> None:
    assert len(publication(published_video(ssrcs=ssrcs, rids=rids)).encodings) == count


def test_only_encoding_is_found_whatever_the_rid() -> None:
    single = publication()

    assert single.encoding_of(Rid("q")) is single.encoding_of(None) is single.encodings[0]


def test_encoding_among_several_is_found_by_rid_only() -> None:
    several = publication(published_video(rids=("q", "h")))

    assert several.encoding_of(Rid("h")) is several.encodings[1]
    assert several.encoding_of(Rid("x")) is several.encoding_of(None) is None


def test_payload_types_of_retransmissions_lead_to_their_codec() -> None:
    assert publication(published_video(VP8_WITH_RTX)).codecs_by_rtx == {97: VP8_WITH_RTX}


def test_publication_suits_viewers_of_its_kind_that_are_not_its_own_peer() -> None:
    video = publication()

    assert video.suits(subscription(watched_video()))
    assert not video.suits(subscription(watched_audio()))
    assert not video.suits(subscription(watched_video(), name="publisher"))


def test_viewers_that_come_before_any_media_wait_for_the_first_encoding() -> None:
    video = publication()
    staying, leaving = subscription(), subscription()
    video.attach(staying)
    video.attach(leaving)
    video.detach(leaving)
    assert list(video.subscriptions()) == [staying]
    encoding, _ = fed_encoding()

    video.begin(encoding)

    assert staying.encoding is encoding
    assert list(video.subscriptions()) == [staying]
    assert leaving.publication is None


def test_viewer_that_comes_later_is_attached_at_once() -> None:
    video = publication()
    encoding, _ = fed_encoding()
    video.begin(encoding)
    viewer = subscription()

    video.attach(viewer)
    assert viewer.encoding is encoding
    video.detach(viewer)

    assert list(video.subscriptions()) == []
