"""The egress of the transport without its encryption: templates and streams to datagrams."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.sfu.commands import Fanout


def datagrams(fanouts: list[Fanout]) -> Iterator[tuple[int, bytes]]:
    """Yield (target, packet) as they would be sent."""
    for templates, streams in fanouts:
        for target, ssrc, sequence_offset, timestamp_offset in streams.rows():
            for template in templates:
                packet = bytearray(template.packet)
                sequence_number = (template.sequence_number + sequence_offset) & 0xFFFF
                rtp_timestamp = (template.rtp_timestamp + timestamp_offset) & 0xFFFFFFFF
                struct.pack_into("!HII", packet, 2, sequence_number, rtp_timestamp, ssrc)
                yield target, bytes(packet)
