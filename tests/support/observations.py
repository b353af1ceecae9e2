"""What to look at in the packets of a scenario's viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.network import Conditions

if TYPE_CHECKING:
    from tests.support.scenario import Received

# The SSRCs of `watched_video` and `watched_audio`.
VIDEO = 0xC0DE
RTX = 0xC0DF
AUDIO = 0xA0DE

# Nothing is under way when a test looks.
AT_ONCE = Conditions(delay=0.0)


def gaps(packets: list[Received]) -> list[int]:
    numbers = [packet.sequence_number for packet in packets]
    steps = [(b - a) & 0xFFFF for a, b in zip(numbers, numbers[1:], strict=False)]
    return [step for step in steps if step != 1]


def steps_back(packets: list[Received]) -> list[int]:
    stamps = [packet.rtp_timestamp for packet in packets]
    steps = [(b - a) & 0xFFFFFFFF for a, b in zip(stamps, stamps[1:], strict=False)]
    return [step for step in steps if step >= 0x80000000]


def is_keyframe(packet: Received) -> bool:
    return packet.payload[:2] == b"\x10\x00"
