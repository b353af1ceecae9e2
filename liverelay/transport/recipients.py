"""The viewers of a fan-out as the egress needs them: all that stays the same between two bursts.

A burst comes every few milliseconds and its viewers are those of the one before, so what is known
of them is gathered once, and again only when a viewer comes, goes or moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from liverelay.transport.srtp_binding import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import numpy.typing as npt

    from liverelay.sfu.commands import Streams
    from liverelay.transport.srtp_binding import SrtpPointer
    from liverelay.transport.targets import TargetTable

KeyT = TypeVar("KeyT", bound="Hashable")
ValueT = TypeVar("ValueT")

# Bursts come in few forms: what is kept for them is let go of when there are more.
_MAX_FORMS = 8


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


class _Forms(Generic[KeyT, ValueT]):
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


@dataclass(frozen=True, slots=True)
class Recipients:
    """Viewers who are reached through one socket, a row each.

    `names` has a pointer to each address and its size, as `struct msghdr` begins; `trailers` the
    bytes that sealing adds, and `trailer` the same if it is equal for all. `messages` is for the
    egress to keep what it has written for the kernel, by where the runs of a burst end.
    """

    is_ipv6: bool
    peers: list[SrtpPointer]
    names: npt.NDArray[np.uint64]
    trailers: npt.NDArray[np.uint64]
    trailer: int | None
    trailer_octets: int
    ssrcs: npt.NDArray[np.uint32]
    sequence_offsets: npt.NDArray[np.uint16]
    timestamp_offsets: npt.NDArray[np.uint32]
    messages: _Forms[tuple[int, ...], Messages] = field(default_factory=_Forms)
    _pieces: _Forms[int, Sequence[Recipients]] = field(default_factory=_Forms)
    _repeated: _Forms[int, list[SrtpPointer]] = field(default_factory=_Forms)

    def __len__(self) -> int:
        return len(self.peers)

    def repeated(self, width: int) -> list[SrtpPointer]:
        """Return each of `peers` that many times in a row."""
        return self._repeated.get(
            width, lambda: [peer for peer in self.peers for _ in range(width)]
        )

    def cut(self, size: int) -> Sequence[Recipients]:
        """Return the same in pieces of at most `size` viewers."""
        if len(self.peers) <= size:
            return (self,)
        starts = range(0, len(self.peers), size)
        return self._pieces.get(size, lambda: [self._piece(first, size) for first in starts])

    def _piece(self, first: int, size: int) -> Recipients:
        some = slice(first, first + size)
        return Recipients(
            self.is_ipv6,
            self.peers[some],
            self.names[some],
            self.trailers[some],
            self.trailer,
            int(self.trailers[some].sum()),
            self.ssrcs[some],
            self.sequence_offsets[some],
            self.timestamp_offsets[some],
        )


class Reach(NamedTuple):
    """Whom a fan-out reaches, by socket, and how many it does not for want of keys or address."""

    recipients: list[Recipients]
    unready: int


class RecipientCache:
    """Remembers whom each group of streams reaches for as long as neither side changes."""

    def __init__(self, targets: TargetTable) -> None:
        self._targets = targets
        self._known: WeakKeyDictionary[Streams, tuple[int, int, Reach]] = WeakKeyDictionary()

    def look_up(self, streams: Streams) -> Reach:
        version = self._targets.version
        known = self._known.get(streams)
        if known is not None and known[0] == streams.version:
            if known[1] == version:
                return known[2]
            # Somebody has changed since, most of the time in another room.
            if self._targets.newest_version(streams.targets) <= known[1]:
                self._known[streams] = (known[0], version, known[2])
                return known[2]
        reach = self._gather(streams)
        self._known[streams] = (streams.version, version, reach)
        return reach

    def _gather(self, streams: Streams) -> Reach:
        targets = streams.targets
        ready = np.flatnonzero(self._targets.is_ready[targets])
        is_ipv6 = self._targets.is_ipv6[targets[ready]]
        families = ((False, ready[~is_ipv6]), (True, ready[is_ipv6]))
        recipients = [self._describe(streams, rows, family) for family, rows in families]
        return Reach([each for each in recipients if len(each)], len(targets) - len(ready))

    def _describe(self, streams: Streams, rows: npt.NDArray[np.int64], is_ipv6: bool) -> Recipients:
        table, targets = self._targets, streams.targets[rows]
        outbounds = [table.outbounds[target] for target in targets.tolist()]
        trailers = table.trailer_sizes[targets]
        different = set(trailers.tolist())
        return Recipients(
            is_ipv6=is_ipv6,
            peers=[pointer(outbound.session) for outbound in outbounds if outbound is not None],
            names=np.stack([table.name_pointers[targets], table.name_sizes[targets]], axis=1),
            trailers=trailers,
            trailer=different.pop() if len(different) == 1 else None,
            trailer_octets=int(trailers.sum()),
            ssrcs=streams.ssrcs[rows],
            sequence_offsets=streams.sequence_offsets[rows],
            timestamp_offsets=streams.timestamp_offsets[rows],
        )
