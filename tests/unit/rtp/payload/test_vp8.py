import pytest

from liverelay.rtp.payload.vp8 import is_keyframe
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
