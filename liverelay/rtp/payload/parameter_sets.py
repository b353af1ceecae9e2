"""The size of the picture in the sequence parameter sets of H.264 and H.265.

They are read as far as the size and its cropping, and no further. What is given is a whole NAL
unit, its header included, or as much of one as a packet has.
"""

from __future__ import annotations

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.bits import BitReader

# Those with chroma_format_idc in their parameter sets (H.264 section 7.3.2.1.1).
_PROFILES_WITH_CHROMA_FORMAT = frozenset(
    {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
)
_MACROBLOCK = 16
_YUV_420, _YUV_422, _YUV_444 = 1, 2, 3
# How many luma samples share a chroma sample, across and down: what cropping counts in.
_CHROMA_UNITS = {_YUV_420: (2, 2), _YUV_422: (2, 1)}
# With all scaling lists it may have some 200 bytes before the size. What a stranger can make the
# server read is to have a bound.
_MAX_PARAMETER_SET = 256
_MAX_PICTURE_ORDER_CYCLE = 255
# No level of either allows a longer side.
_MAX_SIDE = 16_888


def h264_frame_size(parameter_set: bytes | memoryview) -> tuple[int, int]:
    """Return width and height as they are to be shown (H.264 section 7.3.2.1.1).

    Raises:
        MalformedPacketError: it ends before the size, or no decoder would accept it.
    """
    reader = _reader(parameter_set)
    reader.skip(8)
    profile = reader.read(8)
    reader.skip(16)  # constraint flags, level
    reader.read_exp_golomb()  # the set's number
    chroma_format = _YUV_420
    if profile in _PROFILES_WITH_CHROMA_FORMAT:
        chroma_format = _read_chroma_format(reader)
        reader.read_exp_golomb()  # bit depth of luma
        reader.read_exp_golomb()  # bit depth of chroma
        reader.skip(1)
        if reader.read(1):
            _skip_scaling_lists(reader, 12 if chroma_format == _YUV_444 else 8)
    reader.read_exp_golomb()  # log2_max_frame_num_minus4
    _skip_picture_order_count(reader)
    reader.read_exp_golomb()  # max_num_ref_frames
    reader.skip(1)
    width = (reader.read_exp_golomb() + 1) * _MACROBLOCK
    height = (reader.read_exp_golomb() + 1) * _MACROBLOCK
    fields = 1 if reader.read(1) else 2  # where frames are coded as two fields, it is a field's
    reader.skip(fields)  # mb_adaptive_frame_field_flag is there for fields only
    unit_width, unit_height = _CHROMA_UNITS.get(chroma_format, (1, 1))
    return _cropped(reader, width, height * fields, (unit_width, unit_height * fields))


def h265_frame_size(parameter_set: bytes | memoryview) -> tuple[int, int]:
    """Return width and height as they are to be shown (H.265 section 7.3.2.2.1).

    Raises:
        MalformedPacketError: it ends before the size, or no decoder would accept it.
    """
    reader = _reader(parameter_set)
    reader.skip(16 + 4)
    _skip_profile_tier_level(reader)
    reader.read_exp_golomb()  # the set's number
    units = _CHROMA_UNITS.get(_read_chroma_format(reader), (1, 1))
    width, height = reader.read_exp_golomb(), reader.read_exp_golomb()
    return _cropped(reader, width, height, units)


def _reader(nal_unit: bytes | memoryview) -> BitReader:
    """Read past the bytes that keep start codes from appearing in a NAL unit."""
    return BitReader(bytes(nal_unit[:_MAX_PARAMETER_SET]).replace(b"\0\0\x03", b"\0\0"))


def _read_chroma_format(reader: BitReader) -> int:
    chroma_format = reader.read_exp_golomb()
    if chroma_format == _YUV_444:
        reader.skip(1)  # whether its planes are coded by themselves
    return chroma_format


def _cropped(reader: BitReader, width: int, height: int, units: tuple[int, int]) -> tuple[int, int]:
    if reader.read(1):
        width -= units[0] * (reader.read_exp_golomb() + reader.read_exp_golomb())
        height -= units[1] * (reader.read_exp_golomb() + reader.read_exp_golomb())
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise MalformedPacketError(f"pictures of {width} x {height}")
    return width, height


def _skip_scaling_lists(reader: BitReader, count: int) -> None:
    """Skip six lists of 16 numbers and then lists of 64 (H.264 section 7.3.2.1.1.1)."""
    for index in range(count):
        if not reader.read(1):
            continue
        scale = 8
        for _ in range(16 if index < 6 else 64):
            scale = (scale + reader.read_signed_exp_golomb()) % 256
            if scale == 0:  # the rest is like the last, and not sent
                break


def _skip_picture_order_count(reader: BitReader) -> None:
    kind = reader.read_exp_golomb()
    if kind == 0:
        reader.read_exp_golomb()  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        reader.skip(1)
        reader.read_exp_golomb()  # offset_for_non_ref_pic
        reader.read_exp_golomb()  # offset_for_top_to_bottom_field
        for _ in range(min(reader.read_exp_golomb(), _MAX_PICTURE_ORDER_CYCLE)):
            reader.read_exp_golomb()


def _skip_profile_tier_level(reader: BitReader) -> None:
    """Skip what each temporal layer needs of a decoder (H.265 section 7.3.3)."""
    lower_layers = reader.read(3)
    reader.skip(1)
    reader.skip(88 + 8)
    present = [reader.read(2) for _ in range(lower_layers)]
    if lower_layers:
        reader.skip(2 * (8 - lower_layers))
    for flags in present:
        reader.skip(88 * (flags >> 1) + 8 * (flags & 1))
