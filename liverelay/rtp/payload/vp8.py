"""The VP8 payload descriptor (RFC 7741 section 4.2) and what of a keyframe's header follows it."""

from __future__ import annotations

from liverelay.rtp.payload.descriptor import FrameSizes, PictureDescriptor

_EXTENDED = 0x80
_PICTURE_ID = 0x80
_TL0PICIDX = 0x40
_TEMPORAL_LAYER = 0x20
_KEY_INDEX = 0x10
_LAYER_SYNC = 0x20
# Receivers tell by all three what a picture refers to.
_NAMES_LAYERS = _PICTURE_ID | _TL0PICIDX | _TEMPORAL_LAYER
# The start of the first partition begins a frame.
_START = 0x10
_PARTITION = 0x07
# RFC 6386 section 9.1: three bytes of frame tag, then this, then width and height.
_START_CODE = b"\x9d\x01\x2a"
_SIZE_MASK = 0x3FFF


def is_keyframe(payload: bytes | memoryview) -> bool:
    """Return whether `payload` begins a keyframe; false for anything too short to tell."""
    offset = _frame_offset(payload)
    if offset is None or offset >= len(payload):
        return False
    # Start of the first partition, and the inverse key frame flag of the VP8 header behind it.
    return payload[0] & (_START | _PARTITION) == _START and payload[offset] & 0x01 == 0


def frame_sizes(payload: bytes | memoryview) -> FrameSizes:
    """Return the size in the header of a keyframe, given the first packet of one."""
    offset = _frame_offset(payload)
    if offset is None or len(payload) < offset + 10:
        return ()
    if payload[offset + 3 : offset + 6] != _START_CODE:
        return ()
    width = int.from_bytes(payload[offset + 6 : offset + 8], "little") & _SIZE_MASK
    height = int.from_bytes(payload[offset + 8 : offset + 10], "little") & _SIZE_MASK
    return ((width, height),)


def parse_descriptor(payload: bytes | memoryview) -> PictureDescriptor | None:
    """Return what the descriptor says; None if it is cut short."""
    end = _frame_offset(payload)
    if end is None or end > len(payload):
        return None
    starts_frame = payload[0] & (_START | _PARTITION) == _START
    flags = payload[1] if payload[0] & _EXTENDED else 0
    offset, bits, picture_id = 2, 0, None
    if flags & _PICTURE_ID:
        bits = 15 if payload[2] & 0x80 else 7
        picture_id = (payload[2] & 0x7F) << 8 | payload[3] if bits == 15 else payload[2]
        offset += 2 if bits == 15 else 1
    picture_id_offset, tl0picidx_offset, tl0picidx = 2, offset, None
    if flags & _TL0PICIDX:
        tl0picidx = payload[offset]
        offset += 1
    layers = payload[offset] if flags & _TEMPORAL_LAYER else 0
    return PictureDescriptor(
        starts_frame=starts_frame,
        ends_frame=False,
        spatial_layer=0,
        temporal_layer=layers >> 6,
        switching_points=0,
        picture_id=picture_id,
        picture_id_bits=bits,
        picture_id_offset=picture_id_offset,
        tl0picidx=tl0picidx,
        tl0picidx_offset=tl0picidx_offset,
        names_layers=flags & _NAMES_LAYERS == _NAMES_LAYERS,
        is_layer_sync=bool(layers & _LAYER_SYNC),
    )


def _frame_offset(payload: bytes | memoryview) -> int | None:
    if not payload:
        return None
    if not payload[0] & _EXTENDED:
        return 1
    if len(payload) < 3:
        return None
    flags = payload[1]
    offset = 2
    if flags & _PICTURE_ID:  # one byte, or two if its first bit is set
        offset += 2 if payload[2] & 0x80 else 1
    if flags & _TL0PICIDX:
        offset += 1
    if flags & (_TEMPORAL_LAYER | _KEY_INDEX):  # they share a byte
        offset += 1
    return offset
