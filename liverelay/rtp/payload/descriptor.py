"""What payloads say of their picture, and where the descriptors of VP8 and VP9 say it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

# Width and height in pixels, of each spatial layer from the lowest up; empty if that is not known.
FrameSizes: TypeAlias = tuple[tuple[int, int], ...]

# As `switching_points`: each layer there is.
EVERY_LAYER = (1 << 64) - 1


class PictureDescriptor(NamedTuple):
    """The fields that forwarding looks at or changes; offsets count from the payload's first byte.

    `picture_id` has `picture_id_bits` bits, 7 or 15. `tl0picidx` counts the pictures of the lowest
    temporal layer in eight bits. Both are None where the packet does not have them.
    `switching_points` has a bit for each layer, the one that `layer_bit` returns: set if all within
    that layer can be decoded from here on by who could decode this very frame.
    `names_layers`: whether it says of which layers it is, and enough to do without the higher ones.
    `is_layer_sync`: of a higher temporal layer, but it refers to the lowest one alone.
    """

    starts_frame: bool
    ends_frame: bool
    spatial_layer: int
    temporal_layer: int
    switching_points: int
    picture_id: int | None
    picture_id_bits: int
    picture_id_offset: int
    tl0picidx: int | None
    tl0picidx_offset: int
    names_layers: bool = True
    is_layer_sync: bool = False


def layer_bit(spatial_layer: int, temporal_layer: int) -> int:
    """Return the bit of a layer in `switching_points`; either number has three bits."""
    return 1 << (spatial_layer << 3 | temporal_layer)


def write_picture_ids(
    packet: bytearray, start: int, descriptor: PictureDescriptor, picture_id: int, tl0picidx: int
) -> None:
    """Replace those of the two numbers that the payload at `start` has; high bits are cut off."""
    if descriptor.picture_id is not None:
        offset = start + descriptor.picture_id_offset
        if descriptor.picture_id_bits == 15:
            packet[offset] = 0x80 | picture_id >> 8 & 0x7F
            packet[offset + 1] = picture_id & 0xFF
        else:
            packet[offset] = picture_id & 0x7F
    if descriptor.tl0picidx is not None:
        packet[start + descriptor.tl0picidx_offset] = tl0picidx & 0xFF
