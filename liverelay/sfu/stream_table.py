"""The streams that carry a burst, in columns.

What differs between two viewers' copies of a packet is four numbers. Kept as columns they are
patched into all copies by a handful of array operations, whatever the number of viewers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from liverelay.sfu.commands import OutboundStream

StreamT = TypeVar("StreamT", bound="OutboundStream")

# Columns double when they are full, so growing costs O(1) per stream. Most tables hold one.
_FIRST_CAPACITY = 1


class StreamTable(Generic[StreamT]):
    """A set of streams with O(1) adding and removing; their order has no meaning.

    A stream's numbers are taken when it is added. The columns are valid until the next change,
    which changes `version` too.
    """

    __slots__ = ("__weakref__", "_columns", "_listed", "_rows", "_streams", "version")

    def __init__(self, streams: Iterable[StreamT] = ()) -> None:
        self.version = 0
        self._streams: list[StreamT] = []
        self._rows: dict[StreamT, int] = {}
        self._columns = _Columns(_FIRST_CAPACITY)
        # Kept for those who send to few, and so often: with the version that it is of.
        self._listed: tuple[int, list[tuple[int, int, int, int]]] = (0, [])
        for stream in streams:
            self.add(stream)

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[StreamT]:
        return iter(self._streams)

    def rows(self) -> Sequence[tuple[int, int, int, int]]:
        """Return target, SSRC, and the offsets of sequence number and timestamp of each stream."""
        version, rows = self._listed
        if version != self.version:
            columns = self.targets, self.ssrcs, self.sequence_offsets, self.timestamp_offsets
            rows = list(zip(*(column.tolist() for column in columns), strict=True))
            self._listed = self.version, rows
        return rows

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        return self._columns.targets[: len(self._streams)]

    @property
    def ssrcs(self) -> npt.NDArray[np.uint32]:
        return self._columns.ssrcs[: len(self._streams)]

    @property
    def sequence_offsets(self) -> npt.NDArray[np.uint16]:
        return self._columns.sequence_offsets[: len(self._streams)]

    @property
    def timestamp_offsets(self) -> npt.NDArray[np.uint32]:
        return self._columns.timestamp_offsets[: len(self._streams)]

    def copy(self) -> StreamTable[StreamT]:
        """Return a table of the same streams, to change while a fan-out holds this one."""
        copy: StreamTable[StreamT] = StreamTable()
        copy.version = self.version
        copy._streams = self._streams.copy()
        copy._rows = self._rows.copy()
        copy._columns = self._columns.grown(len(self._columns))
        return copy

    def add(self, stream: StreamT) -> None:
        self.version += 1
        row = len(self._streams)
        if row == len(self._columns):
            self._columns = self._columns.grown(2 * row)
        self._columns.write(row, stream)
        self._rows[stream] = row
        self._streams.append(stream)

    def remove(self, stream: StreamT) -> None:
        """Let the last stream take its row."""
        self.version += 1
        row, last = self._rows.pop(stream), self._streams.pop()
        if last is not stream:
            self._streams[row] = last
            self._rows[last] = row
            self._columns.write(row, last)


class _Columns:
    __slots__ = ("sequence_offsets", "ssrcs", "targets", "timestamp_offsets")

    def __init__(self, capacity: int) -> None:
        self.targets = np.zeros(capacity, np.int64)
        self.ssrcs = np.zeros(capacity, np.uint32)
        self.sequence_offsets = np.zeros(capacity, np.uint16)
        self.timestamp_offsets = np.zeros(capacity, np.uint32)

    def __len__(self) -> int:
        return len(self.targets)

    def write(self, row: int, stream: OutboundStream) -> None:
        self.targets[row] = stream.target
        self.ssrcs[row] = stream.ssrc
        self.sequence_offsets[row] = stream.sequence_offset
        self.timestamp_offsets[row] = stream.timestamp_offset

    def grown(self, capacity: int) -> _Columns:
        """Return a copy with room for that many streams."""
        grown = _Columns(capacity)
        for name in self.__slots__:
            column = getattr(self, name)
            getattr(grown, name)[: len(column)] = column
        return grown
