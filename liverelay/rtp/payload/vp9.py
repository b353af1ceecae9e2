"""The VP9 payload descriptor (RFC 9628 section 4.2)."""

from __future__ import annotations

from liverelay.rtp.payload.descriptor import EVERY_LAYER, PictureDescriptor

_PICTURE_ID = 0x80
_INTER_PICTURE = 0x40
_LAYER_INDICES = 0x20
_FLEXIBLE = 0x10
_BEGINS_FRAME = 0x08
_ENDS_FRAME = 0x04
# In the byte of the layer indices.
_SWITCHING_UP_POINT = 0x10


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
    )
