"""The viewers of a fan-out as the egress needs them: all that stays the same between two bursts.

A burst comes every few milliseconds and its viewers are those of the one before, so what is known
of them is gathered once, and again only when a viewer comes, goes or moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from liverelay.transport.srtp_binding import pointer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from liverelay.sfu.commands import Streams
    from liverelay.transport.srtp_binding import SrtpPointer
    from liverelay.transport.targets import TargetTable

# Bursts come in few forms: what is kept for them is let go of when there are more.
_MAX_FORMS = 8


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
    ssrcs: npt.NDArray[np.uint32]
    sequence_offsets: npt.NDArray[np.uint16]
    timestamp_offsets: npt.NDArray[np.uint32]
    messages: dict[tuple[int, ...], npt.NDArray[np.uint64]] = field(default_factory=dict)
    _pieces: dict[int, list[Recipients]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.peers)

    def keep_messages(self, ends: tuple[int, ...], messages: npt.NDArray[np.uint64]) -> None:
        if len(self.messages) >= _MAX_FORMS:
            self.messages.clear()
        self.messages[ends] = messages

    def cut(self, size: int) -> Sequence[Recipients]:
        """Return the same in pieces of at most `size` viewers."""
        if len(self.peers) <= size:
            return (self,)
        pieces = self._pieces.get(size)
        if pieces is None:
            if len(self._pieces) >= _MAX_FORMS:
                self._pieces.clear()
            pieces = [self._piece(first, size) for first in range(0, len(self.peers), size)]
            self._pieces[size] = pieces
        return pieces

    def _piece(self, first: int, size: int) -> Recipients:
        some = slice(first, first + size)
        return Recipients(
            self.is_ipv6,
            self.peers[some],
            self.names[some],
            self.trailers[some],
            self.trailer,
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
        known = self._known.get(streams)
        version = self._targets.version
        if known is not None and known[0] == streams.version and known[1] == version:
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
            ssrcs=streams.ssrcs[rows],
            sequence_offsets=streams.sequence_offsets[rows],
            timestamp_offsets=streams.timestamp_offsets[rows],
        )
