import pytest

from liverelay.rtp.payload.descriptor import EVERY_LAYER, write_picture_ids
from liverelay.rtp.payload.vp9 import is_keyframe, parse_descriptor


@pytest.mark.parametrize(
    "payload",
    [
        bytes((0x08,)),
        bytes((0x28, 0x00)),
        bytes((0xA8, 0x05, 0x00)),
        bytes((0xA8, 0x85, 0x05, 0x10)),
    ],
)
def test_beginning_of_an_independent_picture_is_a_keyframe(payload: bytes) -> None:
    assert is_keyframe(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes((0x48,)), id="inter-picture predicted"),
        pytest.param(bytes((0x00,)), id="later packet"),
        pytest.param(bytes((0x28, 0x02)), id="second spatial layer"),
        pytest.param(bytes((0xA8,)), id="picture id missing"),
        pytest.param(bytes((0xA8, 0x85, 0x05)), id="layer indices missing"),
    ],
)
def test_anything_else_is_not(payload: bytes) -> None:
    assert not is_keyframe(payload)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ((0x08,), (True, False, 0, 0, False, None, None)),
        ((0x04,), (False, True, 0, 0, False, None, None)),
        ((0x80, 0x7F), (False, False, 0, 0, False, 127, None)),
        ((0x80, 0xFF, 0xFE), (False, False, 0, 0, False, 32766, None)),
        ((0xA8, 0x81, 0x02, 0x54, 0x09), (True, False, 2, 2, True, 258, 9)),
        ((0x20, 0x22, 0x09), (False, False, 1, 1, False, None, 9)),
        # In flexible mode there is no TL0PICIDX.
        ((0x30, 0x22), (False, False, 1, 1, False, None, None)),
    ],
)
def test_descriptor_says_which_picture_and_layer(
    payload: tuple[int, ...], expected: tuple[bool, bool, int, int, bool, int | None, int | None]
) -> None:
    read = parse_descriptor(bytes(payload))

    assert read is not None
    assert expected == (
        read.starts_frame,
        read.ends_frame,
        read.spatial_layer,
        read.temporal_layer,
        read.switching_points == EVERY_LAYER,
        read.picture_id,
        read.tl0picidx,
    )


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x80\x80", b"\xa0\x05", b"\x20\x22"])
def test_descriptor_cut_short_says_nothing(payload: bytes) -> None:
    assert parse_descriptor(payload) is None


def test_numbers_are_replaced_in_place() -> None:
    payload = bytes((0xA8, 0x81, 0x02, 0x54, 0x09, 7))
    packet = bytearray((1, 2, *payload))
    descriptor = parse_descriptor(payload)
    assert descriptor is not None

    write_picture_ids(packet, 2, descriptor, 0x1234, 0x156)

    assert packet == bytes((1, 2, 0xA8, 0x92, 0x34, 0x54, 0x56, 7))
