"""Redundant audio data (RFC 2198): older blocks first, the primary one last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.errors import MalformedPacketError
from liverelay.rtp.types import PayloadType

if TYPE_CHECKING:
    from collections.abc import Mapping

_MORE_BLOCKS = 0x80
_REDUNDANT_HEADER_SIZE = 4


class PrimaryBlock(NamedTuple):
    """The newest block: its payload type, and where in the RED payload it begins."""

    payload_type: PayloadType
    offset: int


def primary_block(payload: bytes | memoryview) -> PrimaryBlock:
    """Find the primary block, which reaches to the end of `payload`.

    Raises:
        MalformedPacketError: the block headers run over the end, or their lengths do.
    """
    offset = 0
    redundant_size = 0
    while offset < len(payload):
        first_byte = payload[offset]
        if not first_byte & _MORE_BLOCKS:
            start = offset + 1 + redundant_size
            if start > len(payload):
                break
            return PrimaryBlock(PayloadType(first_byte), start)
        if offset + _REDUNDANT_HEADER_SIZE > len(payload):
            break
        redundant_size += (payload[offset + 2] & 0x03) << 8 | payload[offset + 3]
        offset += _REDUNDANT_HEADER_SIZE
    raise MalformedPacketError("RED payload is shorter than its blocks")


def remap_payload_types(
    packet: bytearray, start: int, mapping: Mapping[PayloadType, PayloadType]
) -> bool:
    """Renumber the blocks of the RED payload that begins at `start`, in place.

    Returns false, and leaves `packet` half done, if a block has no number in `mapping` or the
    headers run over the end: the packet is of no use to this receiver then.
    """
    while start < len(packet):
        first_byte = packet[start]
        payload_type = mapping.get(PayloadType(first_byte & 0x7F))
        if payload_type is None:
            return False
        packet[start] = first_byte & _MORE_BLOCKS | payload_type
        if not first_byte & _MORE_BLOCKS:
            return True
        start += _REDUNDANT_HEADER_SIZE
    return False
