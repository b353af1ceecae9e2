"""Redundant audio data (RFC 2198): older blocks first, the primary one last."""

from __future__ import annotations

from typing import NamedTuple

from liverelay.errors import MalformedPacketError
from liverelay.rtp.types import PayloadType

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
