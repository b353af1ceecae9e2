"""Simulated sound: packets of 20 ms, and what a viewer hears of them."""

from __future__ import annotations

import struct

from tests.support.packets import rtp

_CLOCK_RATE = 48_000
_TICKS = 960
_MARK = struct.Struct("!Id")
_PAYLOAD_SIZE = 80


class Microphone:
    """Numbers the packets and says in each when it was recorded."""

    ssrc = 0x3000
    interval = _TICKS / _CLOCK_RATE

    def __init__(self) -> None:
        self._count = 0

    @property
    def rtp_timestamp(self) -> int:
        return (0xFFFF_F000 + self._count * _TICKS) & 0xFFFFFFFF

    def record(self, now: float) -> bytes:
        payload = _MARK.pack(self._count, now)
        packet = rtp(
            payload + bytes(_PAYLOAD_SIZE - len(payload)),
            payload_type=111,
            sequence_number=65_000 + self._count,
            rtp_timestamp=self.rtp_timestamp,
            ssrc=self.ssrc,
        )
        self._count += 1
        return packet


class Ear:
    """Remembers which packets of sound came, and how late each was."""

    def __init__(self) -> None:
        self.delays: dict[int, float] = {}

    def hear(self, payload: bytes, now: float) -> None:
        number, recorded_at = _MARK.unpack_from(payload)
        self.delays.setdefault(number, now - recorded_at)

    @property
    def share_heard(self) -> float:
        """Of what was recorded between the first packet that came and the last."""
        numbers = self.delays.keys()
        return len(numbers) / (max(numbers) - min(numbers) + 1)
