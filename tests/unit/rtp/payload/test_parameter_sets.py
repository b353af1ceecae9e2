"""Sequence parameter sets as x264 and x265 write them, and some that are written here."""

import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.parameter_sets import h264_frame_size, h265_frame_size
from tests.support.bits import exp_golomb, fixed, pack, signed_exp_golomb

H264_MAIN = bytes.fromhex("674d4028da01e0089f961000000300100000030328f1832a")
H265_MAIN = bytes.fromhex(
    "420101016000000300900000030000030078a003c0801107cb965654a4c2e68080000003008000000c84"
)


@pytest.mark.parametrize(
    ("parameter_set", "size"),
    [
        pytest.param("6742c01eda0280bfe584000003000400000300ca3c58ba80", (640, 360), id="baseline"),
        pytest.param(H264_MAIN.hex(), (1920, 1080), id="main"),
        pytest.param(
            "67640028ace8078044fdc2000003000200000300653e2c5d40", (1920, 1080), id="interlaced"
        ),
        pytest.param(
            "67640020acb402b030f370800000030080000019478c1950", (1366, 768), id="high, cropped"
        ),
        pytest.param("676e001fa6cb402802dd080000030008000003019478c195", (1280, 720), id="high 10"),
        pytest.param(
            "677a0020bcb402882ef1108420000003002000000651e30654", (1282, 721), id="high 4:2:2"
        ),
        pytest.param(
            "67f400209196805105de108421000003000100000300328f1832a0", (1281, 721), id="4:4:4"
        ),
        pytest.param("6764001ef2d01485fc7c4420000003002000000651e2c5d4", (642, 361), id="grey"),
    ],
)
def test_size_is_that_of_the_h264_encoder(parameter_set: str, size: tuple[int, int]) -> None:
    assert h264_frame_size(bytes.fromhex(parameter_set)) == size


@pytest.mark.parametrize(
    ("parameter_set", "size"),
    [
        pytest.param(H265_MAIN.hex(), (1920, 1080), id="main"),
        pytest.param(
            "42010102200000030090000003000003003fa005220171c448d965654a4c2e68080000030008"
            "00000300c840",
            (642, 362),
            id="main 10",
        ),
        pytest.param(
            "4201010408000003009e0800000300003f9000a4402e3842232caca94985cd01000003000100"
            "0003001908",
            (641, 361),
            id="4:4:4",
        ),
        pytest.param(
            "4201010408000003009d0800000300003fb005220171c4446595952930b9a02000000300200000030321",
            (642, 361),
            id="4:2:2",
        ),
        pytest.param(
            "4201010408000003009fc800000300003fc0148805c71f11965654a4c2e68080000003008000000c84",
            (642, 361),
            id="grey",
        ),
        pytest.param(
            "42010401600000030090000003000003003c0000a00a080b9f7965652b295964932b9a020000"
            "030002000003003210",
            (320, 180),
            id="temporal layers",
        ),
    ],
)
def test_size_is_that_of_the_h265_encoder(parameter_set: str, size: tuple[int, int]) -> None:
    assert h265_frame_size(bytes.fromhex(parameter_set)) == size


def h264(*fields: str, profile: int = 66) -> bytes:
    """Return a parameter set that has `fields` from its number on."""
    head = fixed(0x67, 8) + fixed(profile, 8) + fixed(0, 8) + fixed(31, 8)
    return pack(head + "".join(fields))


ZERO = exp_golomb(0)
REFERENCES = exp_golomb(1) + "0"
FRAMES_OF_640_360 = exp_golomb(39) + exp_golomb(22) + "11"
CROPPED_TO_360 = "1" + ZERO + ZERO + ZERO + exp_golomb(4)


def test_scaling_lists_are_passed_over() -> None:
    whole = "1" + "".join(signed_exp_golomb(1) for _ in range(64))
    ended = "1" + signed_exp_golomb(-8)
    lists = "1" + "0" * 5 + ended + whole + "0"
    before = ZERO + exp_golomb(1) + ZERO + ZERO + "0"

    parameter_set = h264(
        before, lists, ZERO, ZERO, ZERO, REFERENCES, FRAMES_OF_640_360, CROPPED_TO_360, profile=100
    )

    assert h264_frame_size(parameter_set) == (640, 360)


def test_picture_order_cycle_is_passed_over() -> None:
    order = exp_golomb(1) + "0" + ZERO + ZERO + exp_golomb(3) + ZERO * 3

    parameter_set = h264(ZERO, ZERO, order, REFERENCES, FRAMES_OF_640_360, CROPPED_TO_360)

    assert h264_frame_size(parameter_set) == (640, 360)


def test_pictures_in_decoding_order_need_no_numbers() -> None:
    parameter_set = h264(ZERO, ZERO, exp_golomb(2), REFERENCES, FRAMES_OF_640_360, "0")

    assert h264_frame_size(parameter_set) == (640, 368)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(exp_golomb(1 << 20) + exp_golomb(22) + "110", id="too wide"),
        pytest.param(exp_golomb(39) + exp_golomb(1 << 20) + "110", id="too high"),
        pytest.param(FRAMES_OF_640_360 + "1" + exp_golomb(320) + ZERO * 3, id="no width left"),
        pytest.param(FRAMES_OF_640_360 + "1" + ZERO * 3 + exp_golomb(200), id="no height left"),
    ],
)
def test_size_that_cannot_be_is_refused(size: str) -> None:
    with pytest.raises(MalformedPacketError):
        h264_frame_size(h264(ZERO, ZERO, ZERO, ZERO, REFERENCES, size))


def test_parameter_set_that_ends_before_the_size_is_refused() -> None:
    for end in range(9):
        with pytest.raises(MalformedPacketError):
            h264_frame_size(H264_MAIN[:end])
    for end in range(24):
        with pytest.raises(MalformedPacketError):
            h265_frame_size(H265_MAIN[:end])
