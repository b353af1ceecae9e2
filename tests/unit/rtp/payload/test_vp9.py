import pytest

from liverelay.rtp.payload.descriptor import EVERY_LAYER, write_picture_ids
from liverelay.rtp.payload.vp9 import frame_sizes, is_keyframe, parse_descriptor
from tests.support.bits import fixed, pack


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


# As libvpx writes them: profile 0, and profile 1 with 4:4:4 and with RGB.
HEADERS = {
    "4:2:0": "8249834200281016860038241c184a10",
    "4:4:4": "a249834200050202d0c0070483830942",
    "RGB": "a2498342e0281016860038241c184a10",
}
HEADER = bytes.fromhex(HEADERS["4:2:0"])
SIZES = fixed(320, 16) + fixed(180, 16) + fixed(640, 16) + fixed(360, 16)
# Groups of pictures: one that refers to two others, and one to none.
PICTURES = fixed(2, 8) + "00001000" + fixed(1, 8) + fixed(2, 8) + "00000000"


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_keyframe_tells_its_size(header: str) -> None:
    assert frame_sizes(b"\x08" + bytes.fromhex(header)) == ((642, 361),)


def test_ten_bits_per_sample_are_passed_over() -> None:
    yuv = fixed(2, 2) + "01" + "0010" + fixed(0x498342, 24) + "0" + "000" + "0"
    rgb = fixed(2, 2) + "11" + "0" + "0010" + fixed(0x498342, 24) + "0" + "111" + "0"
    size = fixed(1279, 16) + fixed(719, 16)

    assert frame_sizes(pack(fixed(8, 8) + yuv + size)) == ((1280, 720),)
    assert frame_sizes(pack(fixed(8, 8) + rgb + size)) == ((1280, 720),)


@pytest.mark.parametrize(
    "descriptor",
    [
        pytest.param("00001010", id="nothing else"),
        pytest.param("10001010" + fixed(5, 8), id="picture id of 7 bits"),
        pytest.param("10101010" + fixed(0x8005, 16) + fixed(0, 16), id="with layers"),
        pytest.param("00111010" + fixed(0, 8), id="flexible mode"),
    ],
)
def test_scalability_structure_tells_the_size_of_each_layer(descriptor: str) -> None:
    structure = "001" + "11" + "000" + SIZES + PICTURES

    assert frame_sizes(pack(descriptor + structure)) == ((320, 180), (640, 360))


@pytest.mark.parametrize("structure", ["000" + "00" + "000", "000" + "01" + "000" + PICTURES])
def test_single_layer_tells_its_size_behind_a_structure_that_does_not(structure: str) -> None:
    assert frame_sizes(pack("00001010" + structure) + HEADER) == ((642, 361),)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x08", id="descriptor only"),
        pytest.param(b"\x08" + HEADER[:7], id="header cut short"),
        pytest.param(b"\x08\x42" + HEADER[1:], id="no frame marker"),
        pytest.param(b"\x08\x8a" + HEADER[1:], id="shows an old frame"),
        pytest.param(b"\x08\x86" + HEADER[1:], id="inter frame"),
        pytest.param(b"\x08\x82\x49\x83\x43" + HEADER[4:], id="no sync code"),
        pytest.param(b"\x28\x00\x00" + HEADER, id="one layer of an unknown number"),
        pytest.param(pack("00001010" + "00100000") + HEADER, id="one layer of two"),
        pytest.param(pack("00001010" + "00110000" + SIZES[:56]), id="structure cut short"),
    ],
)
def test_otherwise_the_size_is_not_known(payload: bytes) -> None:
    assert frame_sizes(payload) == ()
