"""The least that `Egress.send` takes for one stream of a fan-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.rtp.types import Ssrc

if TYPE_CHECKING:
    from liverelay.transport.egress import EgressTarget


@dataclass(frozen=True)
class Copy:
    target: EgressTarget
    ssrc: Ssrc = Ssrc(5678)
    sequence_offset: int = 65535
    timestamp_offset: int = 1000
