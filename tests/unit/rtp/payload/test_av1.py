import pytest

from liverelay.rtp.payload.av1 import frame_sizes, is_keyframe
from tests.support.bits import fixed, pack

PROFILE_0 = "000" + "0"  # no still picture
SIZE_1280_720 = fixed(10, 4) + fixed(9, 4) + fixed(1279, 11) + fixed(719, 10)
NO_DELAYS = "0" + "0"  # no timing information either


def operating_point(level: int, *, delay: str = "") -> str:
    tier = "0" if level > 7 else ""
    return fixed(0, 12) + fixed(level, 5) + tier + delay


PLAIN = pack(PROFILE_0 + "0" + NO_DELAYS + fixed(0, 5) + operating_point(5) + SIZE_1280_720)
LAYERED = pack(
    PROFILE_0
    + "0"
    + "01"
    + fixed(2, 5)
    + operating_point(8, delay="1" + fixed(9, 4))
    + operating_point(9, delay="0")
    + operating_point(5, delay="0")
    + SIZE_1280_720
)
STILL_PICTURE = pack("000" + "1" + "1" + fixed(5, 5) + SIZE_1280_720)
TIMED = pack(PROFILE_0 + "0" + "1") + PLAIN


def test_first_packet_of_a_new_sequence_is_a_keyframe() -> None:
    assert is_keyframe(bytes((0x18, 0x0A)))


def test_anything_else_is_not() -> None:
    assert not any(map(is_keyframe, (b"", bytes((0x10,)), bytes((0x88,)))))


@pytest.mark.parametrize("sequence_header", [PLAIN, LAYERED, STILL_PICTURE])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\x18\x08", b""),
        # Two OBUs, of which the first has its length before it.
        (b"\x28\x20\x08", b"frame"),
        # Lengths of two bytes, before the OBU and in it; and an extension.
        (b"\x08\x80\x01\x0e\x00\x80\x01", b"frame"),
    ],
)
def test_size_is_in_the_sequence_header(
    sequence_header: bytes, before: bytes, after: bytes
) -> None:
    assert frame_sizes(before + sequence_header + after) == ((1280, 720),)


@pytest.mark.parametrize(
    "payload", [b"", b"\x18", b"\x08\x80", b"\x18\x08", b"\x18\x30" + PLAIN, b"\x18\x08" + TIMED]
)
def test_without_one_that_can_be_read_there_is_none(payload: bytes) -> None:
    assert frame_sizes(payload) == ()
