from dataclasses import replace

import pytest

from liverelay.sdp.parameters import Codec, ReceiveParameters
from liverelay.sfu.encoding import Encoding
from liverelay.sfu.layer_limit import EVERYTHING, LayerLimit
from liverelay.sfu.layers import Layer
from tests.support.packets import layered_vp8
from tests.support.parameters import (
    OPUS,
    VIEWER_OPUS,
    VP8,
    published_audio,
    published_video,
    watched_video,
)
from tests.support.sfu import fed_encoding, inbound, subscription

MUTE_VP8 = Codec(VP8.payload_type, VP8.name, VP8.clock_rate)


def awaited_encoding() -> Encoding:
    encoding, _ = fed_encoding()
    encoding.attach(subscription())
    return encoding


def request_times(encoding: Encoding, until: float) -> list[float]:
    """Follow the deadlines, as the room does."""
    times = []
    while (deadline := encoding.keyframe_deadline()) is not None and deadline < until:
        if encoding.handle_keyframe_timeout(deadline):
            times.append(deadline)
    return times


def test_request_is_repeated_ever_less_often_while_no_keyframe_comes() -> None:
    encoding = awaited_encoding()
    assert encoding.requests_keyframe(now=10.0)

    assert request_times(encoding, until=45.0) == [11.0, 13.0, 17.0, 25.0, 33.0, 41.0]
    assert encoding.keyframe_requests_sent == 7


def test_request_is_not_repeated_when_nobody_waits_any_more() -> None:
    encoding = awaited_encoding()
    encoding.requests_keyframe(now=10.0)

    encoding.on_packet(inbound(1, is_keyframe=True))
    encoding.flush(now=10.1)

    assert encoding.keyframe_deadline() is None
    assert not encoding.handle_keyframe_timeout(now=11.0)


def test_keyframe_starts_the_repetition_over() -> None:
    encoding = awaited_encoding()
    encoding.requests_keyframe(now=10.0)
    request_times(encoding, until=20.0)
    encoding.on_packet(inbound(1, is_keyframe=True))
    encoding.flush(now=20.0)
    encoding.attach(subscription())

    encoding.requests_keyframe(now=21.0)

    assert encoding.keyframe_deadline() == 22.0


def test_request_in_the_quiet_period_is_sent_when_it_ends() -> None:
    encoding = awaited_encoding()
    encoding.requests_keyframe(now=10.0)

    assert not encoding.requests_keyframe(now=10.1)
    assert request_times(encoding, until=10.9) == [10.5]


def test_timeout_before_its_time_does_nothing() -> None:
    encoding = awaited_encoding()
    assert not encoding.handle_keyframe_timeout(now=10.0)
    encoding.requests_keyframe(now=10.0)

    assert not encoding.handle_keyframe_timeout(now=10.9)


@pytest.mark.parametrize("parameters", [published_video(MUTE_VP8), published_audio(OPUS)])
def test_publisher_that_takes_no_requests_gets_none(parameters: ReceiveParameters) -> None:
    encoding, _ = fed_encoding(parameters)

    assert not encoding.requests_keyframe(now=10.0)
    assert encoding.keyframe_deadline() is None


def test_viewer_that_could_never_start_is_not_waited_for() -> None:
    encoding, _ = fed_encoding()
    encoding.attach(subscription(watched_video(VIEWER_OPUS)))

    assert not encoding.needs_keyframe


def test_group_is_gone_with_its_last_viewer() -> None:
    encoding, _ = fed_encoding()
    one, another = subscription(), subscription()
    encoding.attach(one)
    encoding.attach(another)

    one.leave()
    assert list(encoding.subscriptions()) == [another]
    another.leave()

    assert encoding._groups == {}
    assert (another.encoding, another.group) == (None, None)


def test_packets_pending_from_the_stream_before_are_not_sent() -> None:
    encoding, _ = fed_encoding()
    _, another = fed_encoding()
    encoding.attach(subscription())
    encoding.on_packet(inbound(1, is_keyframe=True))

    encoding.feed_from(another)

    assert encoding.flush(now=10.0) == []


def test_keyframe_tells_the_size_of_its_frames() -> None:
    encoding, _ = fed_encoding()
    size = bytes((0, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01))

    encoding.on_packet(inbound(1, payload=b"\x10" + size, is_keyframe=True))
    assert encoding.frame_size(EVERYTHING) == (640, 360)
    encoding.on_packet(inbound(2, payload=b"\x10\x00", is_keyframe=True))
    assert encoding.frame_size(EVERYTHING) == (640, 360)
    encoding.on_packet(inbound(3, is_keyframe=True)._replace(codec=replace(VP8, name="X-NEW")))

    assert encoding.frame_size(EVERYTHING) is None


def test_each_spatial_layer_has_its_size() -> None:
    encoding, _ = fed_encoding()
    structure = bytes((0x30,)) + b"".join(side.to_bytes(2) for side in (320, 180, 640, 360))

    keyframe = inbound(1, payload=b"\x0a" + structure, is_keyframe=True)
    encoding.on_packet(keyframe._replace(codec=replace(VP8, name="VP9")))

    sizes = [encoding.frame_size(LayerLimit(layer, 0)) for layer in range(3)]
    assert sizes == [(320, 180), (640, 360), (640, 360)]


def test_sound_has_no_size() -> None:
    encoding, _ = fed_encoding(published_audio(OPUS))

    encoding.on_packet(inbound(1, is_keyframe=True)._replace(codec=OPUS))

    assert encoding.frame_size(EVERYTHING) is None


def layers_of(*payloads: bytes) -> list[Layer]:
    """Return what can be chosen of an encoding of VP8 whose packets have these payloads."""
    encoding, _ = fed_encoding()
    for now in (10.0, 10.5):
        for number, payload in enumerate(payloads):
            encoding.on_packet(inbound(number, payload=payload, is_keyframe=number == 0))
        encoding.sample(now)
    return [each.layer for each in encoding.layers(0)]


def test_layers_of_vp8_are_the_lowest_alone_and_everything() -> None:
    assert layers_of(*map(layered_vp8, (0, 2, 1, 2))) == [Layer(0), Layer(0, 0, 2)]


def test_layers_that_do_not_arrive_cannot_be_chosen() -> None:
    assert layers_of(*map(layered_vp8, (0, 0, 0))) == [Layer(0)]


@pytest.mark.parametrize("flags", [0x20, 0x60, 0xA0, 0xC0, 0x80])
def test_layers_of_a_keyframe_that_says_too_little_are_not_told_apart(flags: int) -> None:
    assert layers_of(layered_vp8(0, flags), layered_vp8(0), layered_vp8(2)) == [Layer(0)]


def test_packet_that_says_nothing_of_its_layer_counts_for_none() -> None:
    assert layers_of(layered_vp8(0), b"\x80", layered_vp8(1)) == [Layer(0), Layer(0, 0, 1)]


def test_layers_of_another_codec_are_counted_anew() -> None:
    encoding, _ = fed_encoding()
    for number, name in enumerate(("VP8", "VP9")):
        keyframe = inbound(number, payload=layered_vp8(number), is_keyframe=True)
        encoding.on_packet(keyframe._replace(codec=replace(VP8, name=name)))
    for now in (10.0, 11.0):
        encoding.sample(now)

    assert [each.layer for each in encoding.layers(0)] == [Layer(0)]
