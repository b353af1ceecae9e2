"""The VP9 payload descriptor (RFC 9628 section 4.2) and the size of pictures that follows it."""

from __future__ import annotations

import contextlib

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.bits import BitReader
from liverelay.rtp.payload.descriptor import EVERY_LAYER, FrameSizes, PictureDescriptor

_PICTURE_ID = 0x80
_INTER_PICTURE = 0x40
_LAYER_INDICES = 0x20
_FLEXIBLE = 0x10
_BEGINS_FRAME = 0x08
_ENDS_FRAME = 0x04
_SCALABILITY_STRUCTURE = 0x02
# In the byte of the layer indices.
_SWITCHING_UP_POINT = 0x10
# VP9 Bitstream & Decoding Process Specification, section 6.2.
_FRAME_MARKER = 2
_SYNC_CODE = 0x498342
_RGB = 7
# Nothing that is read of a packet is behind this: the longest scalability structure, and a header.
_MAX_HEADER = 1200


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` begins a picture that refers to no earlier one.

    Every spatial layer of such a picture is marked alike; only the lowest one begins it.
    """
    if not payload or payload[0] & (_INTER_PICTURE | _BEGINS_FRAME) != _BEGINS_FRAME:
        return False
    if not payload[0] & _LAYER_INDICES:
        return True
    offset = 1
    if payload[0] & _PICTURE_ID:
        if len(payload) < 2:
            return False
        offset += 2 if payload[1] & 0x80 else 1
    return offset < len(payload) and payload[offset] & 0x0E == 0


def parse_descriptor(payload: bytes | memoryview) -> PictureDescriptor | None:
    """Return what the descriptor says; None if it is cut short."""
    if not payload:
        return None
    flags, offset, bits = payload[0], 1, 0
    picture_id = tl0picidx = None
    indices = 0
    # The longest there is: picture id, layer indices, TL0PICIDX; zeros where the payload ends.
    fields = bytes(payload[:5]).ljust(5, b"\0")
    if flags & _PICTURE_ID:
        bits = 15 if fields[1] & 0x80 else 7
        picture_id = (fields[1] & 0x7F) << 8 | fields[2] if bits == 15 else fields[1]
        offset += 2 if bits == 15 else 1
    if flags & _LAYER_INDICES:
        indices = fields[offset]
        offset += 1
        if not flags & _FLEXIBLE:
            tl0picidx = fields[offset]
            offset += 1
    if offset > len(payload):
        return None
    return PictureDescriptor(
        starts_frame=bool(flags & _BEGINS_FRAME),
        ends_frame=bool(flags & _ENDS_FRAME),
        spatial_layer=indices >> 1 & 0x07,
        temporal_layer=indices >> 5,
        switching_points=EVERY_LAYER if indices & _SWITCHING_UP_POINT else 0,
        picture_id=picture_id,
        picture_id_bits=bits,
        picture_id_offset=1,
        tl0picidx=tl0picidx,
        tl0picidx_offset=offset - 1,
        names_layers=bool(flags & _LAYER_INDICES),
    )


def frame_sizes(payload: bytes | memoryview) -> FrameSizes:
    """Return the size of each spatial layer, given the first packet of a keyframe.

    A scalability structure tells all of them. Without one, a frame that is all of its picture has
    its size in its own header.
    """
    with contextlib.suppress(MalformedPacketError):
        return _read_sizes(BitReader(payload[:_MAX_HEADER]))
    return ()


def _read_sizes(reader: BitReader) -> FrameSizes:
    flags = reader.read(8)
    if flags & _PICTURE_ID:
        reader.skip(15 if reader.read(1) else 7)
    if flags & _LAYER_INDICES:
        reader.skip(8 if flags & _FLEXIBLE else 16)
    # The first packet of a keyframe has no indices of references in its descriptor.
    if flags & _SCALABILITY_STRUCTURE:
        layer_count, sizes = _read_scalability_structure(reader)
        if sizes or layer_count > 1:
            return sizes
    elif flags & _LAYER_INDICES:
        return ()
    return (_read_frame_header(reader),)


def _read_scalability_structure(reader: BitReader) -> tuple[int, FrameSizes]:
    """Return how many spatial layers there are, and their sizes if they are told."""
    layer_count = reader.read(3) + 1
    has_sizes, has_pictures = reader.read(1), reader.read(1)
    reader.skip(3)
    sizes = tuple((reader.read(16), reader.read(16)) for _ in range(layer_count * has_sizes))
    for _ in range(reader.read(8) if has_pictures else 0):
        reader.skip(4)
        references = reader.read(2)
        reader.skip(2 + 8 * references)
    return layer_count, sizes


def _read_frame_header(reader: BitReader) -> tuple[int, int]:
    """Return the size in the uncompressed header of a keyframe."""
    marker = reader.read(2)
    profile = reader.read(1) | reader.read(1) << 1
    if profile == 3:
        reader.skip(1)
    has_only_old_frame, is_inter = reader.read(1), reader.read(1)
    reader.skip(2)
    if marker != _FRAME_MARKER or has_only_old_frame or is_inter or reader.read(24) != _SYNC_CODE:
        raise MalformedPacketError("not the header of a VP9 keyframe")
    if profile >= 2:
        reader.skip(1)  # bit depth
    # How colours are sampled is told where the profile leaves a choice.
    reader.skip(4 if reader.read(3) != _RGB and profile & 1 else 1)
    width_minus_1, height_minus_1 = reader.read(16), reader.read(16)
    return width_minus_1 + 1, height_minus_1 + 1
