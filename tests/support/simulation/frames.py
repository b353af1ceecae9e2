"""Frames of VP8 that name themselves, so that a judge knows what a viewer got and what it lacks.

The descriptor in front (RFC 7741 section 4.2) is what browsers write and read. The mark behind it
is ours: what servers may change in the descriptor, they cannot change there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

# Layer, frame, the frame it refers to, temporal layer, packet, packets, time of capture.
_MARK = struct.Struct("!BIIBHHd")
_NO_REFERENCE = 0xFFFFFFFF
_HAS_EXTENSION, _STARTS = 0x80, 0x10
_PICTURE_ID, _TL0PICIDX, _TEMPORAL, _KEYIDX = 0x80, 0x40, 0x20, 0x10
_INTER_FRAME = 0x01


class FrameName(NamedTuple):
    """A frame of one encoding of the camera; both count from 0."""

    layer: int
    number: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a packet belongs to, in truth."""

    name: FrameName
    reference: FrameName | None
    temporal_layer: int
    packet: int
    packets: int
    captured_at: float

    def serialize(self) -> bytes:
        reference = _NO_REFERENCE if self.reference is None else self.reference.number
        return _MARK.pack(
            *self.name,
            reference,
            self.temporal_layer,
            self.packet,
            self.packets,
            self.captured_at,
        )


class Descriptor(NamedTuple):
    """What a receiver is told of the packet's frame; the last three are None without layers."""

    starts: bool
    picture_id: int
    tl0picidx: int | None
    temporal_layer: int | None
    is_sync: bool | None


def write_payload(descriptor: Descriptor, mark: Mark, size: int) -> bytes:
    """Return a payload of at least `size` bytes."""
    has_layers = descriptor.tl0picidx is not None
    flags = _PICTURE_ID | (_TL0PICIDX | _TEMPORAL | _KEYIDX if has_layers else 0)
    head = bytes((_HAS_EXTENSION | (_STARTS if descriptor.starts else 0), flags))
    head += (0x8000 | descriptor.picture_id).to_bytes(2)
    if descriptor.tl0picidx is not None:
        assert descriptor.temporal_layer is not None
        head += bytes(
            (
                descriptor.tl0picidx,
                descriptor.temporal_layer << 6 | (0x20 if descriptor.is_sync else 0),
            )
        )
    head += bytes((0 if mark.reference is None else _INTER_FRAME,)) + mark.serialize()
    return head + bytes(max(0, size - len(head)))


def read_payload(payload: bytes) -> tuple[Descriptor, bool, Mark]:
    """Return the descriptor, whether a frame header behind it is a keyframe's, and the mark."""
    starts, flags = bool(payload[0] & _STARTS), payload[1]
    picture_id = int.from_bytes(payload[2:4]) & 0x7FFF
    offset = 4
    tl0picidx = temporal_layer = is_sync = None
    if flags & _TL0PICIDX:
        tl0picidx, temporal = payload[4:6]
        temporal_layer, is_sync = temporal >> 6, bool(temporal & 0x20)
        offset = 6
    is_keyframe = starts and not payload[offset] & _INTER_FRAME
    descriptor = Descriptor(starts, picture_id, tl0picidx, temporal_layer, is_sync)
    return descriptor, is_keyframe, _read_mark(payload, offset + 1)


def _read_mark(payload: bytes, offset: int) -> Mark:
    layer, number, reference, temporal_layer, packet, packets, captured_at = _MARK.unpack_from(
        payload, offset
    )
    return Mark(
        FrameName(layer, number),
        None if reference == _NO_REFERENCE else FrameName(layer, reference),
        temporal_layer,
        packet,
        packets,
        captured_at,
    )
