"""Where the copies of a burst lie: all that stays the same while they go to the same viewers.

Between two bursts the processor does something else, and then an operation on an array takes five
to ten times what it takes in a loop, whatever its size. So what can be made beforehand is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from liverelay.transport.burst import NUMBERING, NUMBERING_OFFSET

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt

    from liverelay.transport.burst import Burst
    from liverelay.transport.recipients import Recipients
    from liverelay.transport.srtp_binding import SlotSealer, SrtpPointer

KeyT = TypeVar("KeyT", bound="Hashable")
ValueT = TypeVar("ValueT")

# Bursts come in few forms: what is kept for them is let go of when there are more.
_MAX_FORMS = 8

# As bytes without a meaning, which are copied five times as fast as numbers.
_RAW_NUMBERING = f"V{NUMBERING.itemsize}"


class Forms(Generic[KeyT, ValueT]):
    """What has been made for each of the few forms that bursts come in."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[KeyT, ValueT] = {}

    def get(self, form: KeyT, make: Callable[[], ValueT]) -> ValueT:
        made = self._made.get(form)
        if made is None:
            if len(self._made) >= _MAX_FORMS:
                self._made.clear()
            made = self._made[form] = make()
        return made


class Messages:
    """What is written for the kernel, to be used again: a row of `table` for each message.

    It lies in memory from `place` on. `segment_sizes` are those that its control messages ask for,
    by run, without what sealing adds; 0 where nothing is asked for yet.
    """

    __slots__ = ("place", "segment_sizes", "table")

    def __init__(self, table: npt.NDArray[np.uint64], runs: int) -> None:
        self.table = table
        self.place: int = table.ctypes.data
        self.segment_sizes = [0] * runs


class Numbering:
    """The numbers of all copies of a burst: a row for each recipient, a column for each packet."""

    __slots__ = ("_rtp_timestamps", "_sequence_numbers", "raw")

    def __init__(self, recipients: Recipients, width: int) -> None:
        numbers = np.empty((len(recipients), width), NUMBERING)
        numbers["ssrc"] = recipients.ssrcs[:, None]
        self._sequence_numbers = _Column(recipients.sequence_offsets, numbers["sequence_number"])
        self._rtp_timestamps = _Column(recipients.timestamp_offsets, numbers["rtp_timestamp"])
        self.raw = numbers.view(_RAW_NUMBERING)

    def write(self, burst: Burst) -> None:
        self._sequence_numbers.write(burst.sequence_numbers)
        self._rtp_timestamps.write(burst.rtp_timestamps)


class _Column:
    """One of the numbers: with each recipient's offset added, and in network order."""

    __slots__ = ("_offsets", "_sums", "_written")

    def __init__(self, offsets: npt.NDArray[Any], written: npt.NDArray[Any]) -> None:
        self._offsets = offsets[:, None]
        # Of the same type, so that they wrap by themselves, modulo 2^16 or 2^32.
        self._sums = np.empty(written.shape, offsets.dtype)
        self._written = written

    def write(self, numbers: npt.NDArray[Any]) -> None:
        np.add(self._offsets, numbers, self._sums)
        self._written[...] = self._sums


@dataclass(frozen=True, slots=True)
class Round:
    """Some of the recipients with all packets each, so that these stay in order.

    `slots` is their part of the arena: viewer, packet, byte. `numbers` is what to copy into
    `numbering`, their headers; `sizes` are the packets' sizes and `peers` with whose keys each is
    sealed. `messages` are kept by where the runs of a burst end.
    """

    recipients: Recipients
    peers: list[SrtpPointer]
    slots: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.void]
    numbering: npt.NDArray[np.void]
    sizes: npt.NDArray[np.intc]
    messages: Forms[tuple[int, ...], Messages] = field(default_factory=Forms)


class Layout(NamedTuple):
    """The rounds in which a burst goes to all of its recipients."""

    numbering: Numbering
    rounds: list[Round]


class SlotLayouts:
    """Says which of a sealer's slots the copies of a burst go to."""

    def __init__(self, sealer: SlotSealer) -> None:
        self._sealer = sealer
        arena = sealer.arena
        self._numbering: npt.NDArray[np.void] = np.ndarray(
            arena.shape[:1], _RAW_NUMBERING, arena.data, NUMBERING_OFFSET, arena.strides[:1]
        )

    def layout(self, recipients: Recipients, width: int) -> Layout:
        """Return how a burst of `width` packets to `recipients` is laid out, round after round."""
        return recipients.layouts.get(width, lambda: self._lay_out(recipients, width))

    def _lay_out(self, recipients: Recipients, width: int) -> Layout:
        numbering = Numbering(recipients, width)
        size = len(self._numbering) // width
        starts = range(0, len(recipients), size)
        rounds = [
            self._round(
                recipients.part(slice(first, first + size)), numbering.raw[first : first + size]
            )
            for first in starts
        ]
        return Layout(numbering, rounds)

    def _round(self, recipients: Recipients, numbers: npt.NDArray[np.void]) -> Round:
        shape = count, width = numbers.shape
        slots = slice(count * width)
        return Round(
            recipients,
            [peer for peer in recipients.peers for _ in range(width)],
            self._sealer.arena[slots].reshape(*shape, -1),
            numbers,
            self._numbering[slots].reshape(shape),
            self._sealer.sizes[slots].reshape(shape),
        )
