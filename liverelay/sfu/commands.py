"""What the media plane wants done: it holds no socket, so it says so and leaves it to the server.

Media leaves as `Fanout`: packets prepared once for a whole group of viewers. A viewer's own part of
each is three numbers, which the egress patches in for all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.types import SessionId


class Template(NamedTuple):
    """A packet that is complete but for SSRC, sequence number and timestamp.

    The latter two are given without the viewer's offset; what `packet` holds in their place is of
    no meaning.
    """

    packet: bytes | bytearray
    sequence_number: int
    rtp_timestamp: int


class OutboundStream(Protocol):
    """One RTP stream to one viewer, as the egress needs to see it.

    Offsets are added to the template's numbers modulo 2^16 and 2^32. `target` is the number under
    which the transport knows the viewer, and means nothing here.
    """

    @property
    def target(self) -> int: ...
    @property
    def ssrc(self) -> Ssrc: ...
    @property
    def sequence_offset(self) -> int: ...
    @property
    def timestamp_offset(self) -> int: ...


class Streams(Protocol):
    """Streams in columns: the same row of each belongs to one stream (see `StreamTable`).

    The numbers are those with which the fan-out is to be sent; a stream itself may have gone over
    to other packets of the same burst.
    """

    @property
    def version(self) -> int: ...
    def __len__(self) -> int: ...
    def rows(self) -> Sequence[tuple[int, int, int, int]]: ...
    @property
    def targets(self) -> npt.NDArray[np.int64]: ...
    @property
    def ssrcs(self) -> npt.NDArray[np.uint32]: ...
    @property
    def sequence_offsets(self) -> npt.NDArray[np.uint16]: ...
    @property
    def timestamp_offsets(self) -> npt.NDArray[np.uint32]: ...


class Fanout(NamedTuple):
    """Send every template, in order, on every stream.

    Valid until the room is next called: `streams` is the room's own table, not a copy.
    """

    templates: Sequence[Template]
    streams: Streams


@dataclass(frozen=True, slots=True)
class SendRtcp:
    """Send one compound packet, not yet protected, to the peer of a session."""

    session_id: SessionId
    data: bytes
