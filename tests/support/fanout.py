"""The least that `Egress.send` takes for a fan-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.transport.egress import EgressTarget


@dataclass(frozen=True)
class Copy:
    target: EgressTarget
    ssrc: int = 5678
    sequence_offset: int = 65535
    timestamp_offset: int = 1000


@dataclass(frozen=True)
class Packet:
    packet: bytes
    sequence_number: int
    rtp_timestamp: int


@dataclass(frozen=True)
class Burst:
    templates: list[Packet]
    streams: list[Copy]
