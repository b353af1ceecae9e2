from liverelay.sfu.layers import FrameSize, Layer
from liverelay.sfu.statistics import publication_stats, subscription_stats
from tests.support.parameters import published_video, watched_video
from tests.support.sfu import fed_encoding, publication, receive, subscription


def test_publication_without_media_has_no_streams() -> None:
    stats = publication_stats(publication())

    assert (stats.publication_id, stats.streams) == ("publication", ())


def test_stream_is_described_by_what_it_carries_now() -> None:
    video = publication()
    _, stream = fed_encoding()
    video.encodings[0].feed_from(stream)

    (stats,) = publication_stats(video).streams

    assert (stats.ssrc, stats.mime_type, stats.packets_received) == (0x1234, "video/VP8", 1)


def test_size_of_the_pictures_is_told_where_it_is_known() -> None:
    video = publication()
    _, stream = fed_encoding()
    video.encodings[0].feed_from(stream)
    unknown = publication_stats(video).streams[0]

    video.encodings[0].frame_sizes = (FrameSize(640, 360), FrameSize(1280, 720))
    known = publication_stats(video).streams[0]

    assert (unknown.rid, unknown.frame_width, unknown.frame_height) == (None, None, None)
    assert (known.frame_width, known.frame_height) == (1280, 720)


def test_stream_that_has_decided_on_no_codec_has_no_type() -> None:
    video = publication()
    _, stream = fed_encoding()
    stream.codec = None
    video.encodings[0].feed_from(stream)

    assert publication_stats(video).streams[0].mime_type is None


def test_viewer_that_has_reported_nothing_has_no_remote_figures() -> None:
    stats = subscription_stats(subscription(watched_video(rtx_ssrc=None)))

    assert stats.retransmitted_packets_sent == stats.packets_sent == 0
    assert (stats.mime_type, stats.packets_lost, stats.jitter) == (None, None, None)
    assert stats.round_trip_time is None


def test_viewer_is_told_which_encoding_it_is_sent() -> None:
    video = publication(published_video(rids=("q", "h")))
    receive(video, 1, 10.0)
    video.encodings[1].frame_sizes = (FrameSize(640, 360),)
    viewer = subscription()
    video.attach(viewer)
    before = subscription_stats(viewer)

    viewer.select_layer(Layer(1))
    after = subscription_stats(viewer)

    assert (before.rid, before.frame_width) == (None, None)
    assert (after.rid, after.frame_width, after.frame_height) == ("h", 640, 360)


def test_stream_that_is_silent_while_another_is_not_is_not_active() -> None:
    video = publication(published_video(rids=("q", "h")))
    for now in (10.0, 10.5):
        receive(video, 0, now)
        if now == 10.0:
            receive(video, 1, now)
        video.layers(now)

    assert [stream.active for stream in publication_stats(video).streams] == [True, False]


def test_viewer_whose_video_pauses_has_no_active_stream() -> None:
    video = publication()
    receive(video, 0, 10.0)
    viewer = subscription()
    video.attach(viewer)
    active = []
    for layer in (Layer(0), None):
        viewer.select_layer(layer)
        active.append(subscription_stats(viewer).active)

    assert active == [True, False]


def test_encoding_without_name_has_none() -> None:
    video = publication()
    receive(video, 0, 10.0)
    viewer = subscription()
    video.attach(viewer)
    viewer.select_layer(Layer(0))

    assert subscription_stats(viewer).rid is None
