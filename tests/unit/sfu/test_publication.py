import pytest

from liverelay.rtp.types import Rid
from liverelay.sfu.layers import ActiveLayer, Layer
from tests.support.parameters import VP8_WITH_RTX, published_video, watched_audio, watched_video
from tests.support.sfu import publication, receive, subscription


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


def test_viewer_gets_nothing_before_a_layer_is_selected() -> None:
    video = publication()
    viewer = subscription()

    video.attach(viewer)

    assert list(video.subscriptions()) == [viewer]
    assert (video.layers(10.0), viewer.encoding) == ([], None)


def test_viewer_that_leaves_is_in_no_group() -> None:
    video = publication()
    receive(video, 0, 10.0)
    viewer = subscription()
    video.attach(viewer)
    viewer.select_layer(Layer(0))
    assert list(video.encodings[0].subscriptions()) == [viewer]

    video.detach(viewer)

    assert list(video.encodings[0].subscriptions()) == list(video.subscriptions()) == []
    assert viewer.publication is None


def test_layer_is_paused_without_leaving_the_publication() -> None:
    video = publication()
    receive(video, 0, 10.0)
    viewer = subscription()
    video.attach(viewer)
    viewer.select_layer(Layer(0))

    viewer.select_layer(None)

    assert (viewer.publication, viewer.encoding) == (video, None)


def test_layers_are_those_that_have_not_fallen_silent() -> None:
    video = publication(published_video(rids=("q", "h", "f")))
    receive(video, 0, 10.0)
    receive(video, 1, 10.0)
    assert [each.layer for each in video.layers(10.0)] == [Layer(0), Layer(1)]

    receive(video, 0, 10.3)
    assert [each.layer for each in video.layers(10.3)] == [Layer(1), Layer(0)]
    receive(video, 0, 10.5)

    assert [each.layer for each in video.layers(10.5)] == [Layer(0)]


def test_layers_of_a_still_picture_have_not_stopped() -> None:
    video = publication(published_video(rids=("q", "h")))
    receive(video, 0, 10.0)
    receive(video, 1, 10.0)
    video.layers(10.0)

    assert len(video.layers(60.0)) == 2


def test_layers_are_measured_a_few_times_a_second() -> None:
    video = publication()
    receive(video, 0, 10.0)
    before = video.layers(10.0)
    receive(video, 0, 10.1)

    assert video.layers(10.1) == before
    receive(video, 0, 10.25)
    assert video.layers(10.25) == [ActiveLayer(Layer(0), 2 * 22 * 8 / 0.25)]


def test_other_layers_are_new_once() -> None:
    video = publication()
    receive(video, 0, 10.0)

    assert video.has_new_layers(10.0)
    assert not video.has_new_layers(10.0)
