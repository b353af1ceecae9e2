import pytest

from liverelay.rtp.payload.vp9 import is_keyframe


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
