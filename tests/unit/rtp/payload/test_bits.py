import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.bits import BitReader
from tests.support.bits import exp_golomb, fixed, pack, signed_exp_golomb


def test_numbers_are_read_across_bytes() -> None:
    reader = BitReader(pack(fixed(5, 3) + fixed(0x1234, 16) + fixed(1, 1)))

    assert [reader.read(count) for count in (3, 16, 0, 1)] == [5, 0x1234, 0, 1]


@pytest.mark.parametrize("value", [0, 1, 2, 3, 255, 256, (1 << 32) - 2])
def test_exp_golomb_code_is_read(value: int) -> None:
    reader = BitReader(pack(exp_golomb(value) + fixed(5, 3)))

    assert (reader.read_exp_golomb(), reader.read(3)) == (value, 5)


@pytest.mark.parametrize("value", [0, 1, -1, 2, -2, 127, -128])
def test_signed_exp_golomb_code_is_read(value: int) -> None:
    assert BitReader(pack(signed_exp_golomb(value))).read_signed_exp_golomb() == value


def test_nothing_is_read_over_the_end() -> None:
    with pytest.raises(MalformedPacketError):
        BitReader(b"\xff").read(9)
    with pytest.raises(MalformedPacketError):
        BitReader(b"\xff").skip(9)
    with pytest.raises(MalformedPacketError):
        BitReader(b"\x01").read_exp_golomb()
    with pytest.raises(MalformedPacketError):
        BitReader(b"").read_exp_golomb()


def test_exp_golomb_code_beyond_32_bits_is_refused() -> None:
    with pytest.raises(MalformedPacketError):
        BitReader(pack(exp_golomb((1 << 32) - 1))).read_exp_golomb()
