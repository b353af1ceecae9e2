import pytest

from liverelay.rtp.payload.descriptor import PictureDescriptor, write_picture_ids
from liverelay.rtp.payload.vp8 import frame_sizes, is_keyframe, parse_descriptor
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME


@pytest.mark.parametrize(
    "payload",
    [
        VP8_KEYFRAME,
        bytes((0x90, 0x00, 0x00, 0x00)),
        bytes((0x90, 0x80, 0x7F, 0x00)),
        bytes((0x90, 0x80, 0xFF, 0xFF, 0x00)),
        bytes((0x90, 0xF0, 0x81, 0x01, 0x02, 0x20, 0x00)),
        bytes((0x90, 0x20, 0x40, 0x00)),
    ],
)
def test_first_packet_of_a_keyframe_is_one(payload: bytes) -> None:
    assert is_keyframe(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(VP8_DELTA, id="inter frame"),
        pytest.param(bytes((0x00, 0x00)), id="later packet of a keyframe"),
        pytest.param(bytes((0x11, 0x00)), id="second partition"),
        pytest.param(b"", id="empty"),
        pytest.param(bytes((0x10,)), id="descriptor only"),
        pytest.param(bytes((0x90, 0x80)), id="extension cut short"),
        pytest.param(bytes((0x90, 0x80, 0xFF)), id="picture id cut short"),
    ],
)
def test_anything_else_is_not(payload: bytes) -> None:
    assert not is_keyframe(payload)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ((0x10, 0x00), (True, 0, False, None, None)),
        ((0x00, 0x00), (False, 0, False, None, None)),
        ((0x90, 0x80, 0x7F), (True, 0, False, 127, None)),
        ((0x90, 0x80, 0xFF, 0xFE), (True, 0, False, 32766, None)),
        ((0x80, 0xE0, 0x81, 0x02, 0x09, 0x60), (False, 1, True, 258, 9)),
        ((0x80, 0x60, 0x09, 0x80), (False, 2, False, None, 9)),
        # Without T the byte is there for KEYIDX, and its upper bits say nothing.
        ((0x80, 0x10, 0xE1), (False, 0, False, None, None)),
    ],
)
def test_descriptor_says_which_picture_and_layer(
    payload: tuple[int, ...], expected: tuple[bool, int, bool, int | None, int | None]
) -> None:
    read = parse_descriptor(bytes(payload))

    assert read is not None
    assert expected == (
        read.starts_frame,
        read.temporal_layer,
        read.is_layer_sync,
        read.picture_id,
        read.tl0picidx,
    )


@pytest.mark.parametrize("payload", [b"", b"\x90\x80", b"\x90\x80\xff", b"\x90\xf0\x01\x02"])
def test_descriptor_cut_short_says_nothing(payload: bytes) -> None:
    assert parse_descriptor(payload) is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ((0x90, 0xE0, 0x81, 0x02, 0x09, 0x60, 7), (0x90, 0xE0, 0xBF, 0x81, 0x34, 0x60, 7)),
        ((0x90, 0xC0, 0x02, 0x09, 7), (0x90, 0xC0, 0x01, 0x34, 7)),
        ((0x10, 7), (0x10, 7)),
    ],
)
def test_picture_numbers_are_replaced_in_place(
    payload: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    packet = bytearray((1, 2, 3, *payload))
    descriptor = parse_descriptor(bytes(payload))
    assert isinstance(descriptor, PictureDescriptor)

    write_picture_ids(packet, 3, descriptor, 0x1BF81, 0x234)

    assert packet == bytes((1, 2, 3, *expected))


def test_keyframe_tells_its_size() -> None:
    header = bytes((0x10, 0, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x42, 0x68, 0x81))

    assert frame_sizes(header) == ((640, 360),)
    assert frame_sizes(header[:-1]) == ()
    assert frame_sizes(b"") == ()
    assert frame_sizes(header.replace(b"\x2a", b"\x2b")) == ()
