"""The viewers of a fan-out as the egress needs them: all that stays the same between two bursts.

A burst comes every few milliseconds and its viewers are those of the one before, so what is known
of them is gathered once, and again only when a viewer comes, goes or moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from liverelay.transport.rounds import Forms
from liverelay.transport.srtp_binding import pointer

if TYPE_CHECKING:
    import numpy.typing as npt

    from liverelay.sfu.commands import Streams
    from liverelay.transport.rounds import Layout
    from liverelay.transport.srtp_binding import SrtpPointer
    from liverelay.transport.targets import TargetTable


@dataclass(frozen=True, slots=True)
class Recipients:
    """Viewers who are reached through one socket, a row each.

    `names` has a pointer to each address and its size, as `struct msghdr` begins; `trailers` the
    bytes that sealing adds, and `trailer` the same if it is equal for all. `layouts` are kept by
    the number of packets of a burst.
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
    layouts: Forms[int, Layout] = field(default_factory=Forms)

    def __len__(self) -> int:
        return len(self.peers)

    def part(self, some: slice) -> Recipients:
        """Return `some` of them."""
        trailers = self.trailers[some]
        return Recipients(
            self.is_ipv6,
            self.peers[some],
            self.names[some],
            trailers,
            self.trailer,
            int(trailers.sum()),
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
