"""One encoding of a simulated camera: frames of VP8, cut into packets and numbered."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.types import PayloadType
from tests.support.packets import one_byte_elements, rtp
from tests.support.simulation.frames import Descriptor, FrameName, Mark, write_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES_PER_SECOND = 30
CLOCK_RATE = 90_000
PAYLOAD_TYPE = PayloadType(96)
RTX_PAYLOAD_TYPE = PayloadType(97)
MID_ID, RID_ID, REPAIRED_RID_ID, TRANSPORT_CC_ID = 4, 10, 11, 5

_PACKET_SIZE = 1_100
# A keyframe is as large as this many others.
_KEYFRAME_FACTOR = 5
# libwebrtc keeps about as much, at the rates of a camera.
_HISTORY_PACKETS = 2_000

# (temporal layer, frames back to the one referred to) of each frame in turn, as Chromium does it.
_PATTERNS = {
    1: ((0, 1),),
    2: ((0, 2), (1, 1)),
    3: ((0, 4), (2, 1), (1, 2), (2, 1)),
}
# Those that refer to the base layer alone, so that a receiver can move up there.
_SYNCHRONISED = {1: (), 2: (1,), 3: (1, 2)}


class Shape(NamedTuple):
    """An encoding as the publisher negotiated it; without a rid it is the only one."""

    rid: str | None
    bitrate_bps: int


class _Sent(NamedTuple):
    """A packet without its numbers."""

    payload: bytes
    rtp_timestamp: int
    marker: bool


class Encoder:
    """Numbers the frames of one SSRC, remembers its packets, and repeats them by RTX."""

    def __init__(self, shape: Shape, index: int, temporal_layers: int) -> None:
        self.shape = shape
        self.ssrc = 0x1000 + index
        self.rtx_ssrc = 0x2000 + index
        self.owes_keyframe = True
        self.keyframes_sent = 0
        self.frames_sent = 0
        self.is_active = True
        # What the server has told it not to exceed.
        self.limit_bps: float | None = None
        self._index = index
        self._pattern = _PATTERNS[temporal_layers]
        self._synchronised = _SYNCHRONISED[temporal_layers]
        self._has_layers = temporal_layers > 1
        # Not two encodings count alike, and all wrap soon.
        self._sequence_number = 65_400 + 11 * index
        self._rtx_sequence_number = 500 + index
        self._picture_id = 0x7FE0 + 5 * index
        self._tl0picidx = 250 + index
        self._first_timestamp = 0xFFFF_0000 + 1_000 * index
        self._place = 0
        self._transport_number = 0
        self._history: OrderedDict[int, _Sent] = OrderedDict()

    def rtp_timestamp(self, elapsed: float) -> int:
        return (self._first_timestamp + round(elapsed * CLOCK_RATE)) & 0xFFFFFFFF

    def encode(self, elapsed: float, now: float) -> Iterator[bytes]:
        """Yield the packets of the next frame."""
        is_keyframe, self.owes_keyframe = self.owes_keyframe, False
        if is_keyframe:
            self._place = 0
            self.keyframes_sent += 1
        step = self._place % len(self._pattern)
        temporal_layer, back = self._pattern[step]
        if temporal_layer == 0:
            self._tl0picidx = (self._tl0picidx + 1) & 0xFF
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        number = self.frames_sent
        reference = None if is_keyframe else FrameName(self._index, number - back)
        bitrate_bps = min(self.shape.bitrate_bps, self.limit_bps or self.shape.bitrate_bps)
        size = int(bitrate_bps) // 8 // FRAMES_PER_SECOND
        if is_keyframe:
            size *= _KEYFRAME_FACTOR
        count = -(-size // _PACKET_SIZE)
        for packet in range(count):
            descriptor = Descriptor(
                starts=packet == 0,
                picture_id=self._picture_id,
                tl0picidx=self._tl0picidx if self._has_layers else None,
                temporal_layer=temporal_layer if self._has_layers else None,
                is_sync=step in self._synchronised,
            )
            mark = Mark(
                FrameName(self._index, number), reference, temporal_layer, packet, count, now
            )
            payload = write_payload(descriptor, mark, size // count)
            yield self._packet(_Sent(payload, self.rtp_timestamp(elapsed), packet == count - 1))
        self._place += 1
        self.frames_sent += 1

    def repeat(self, sequence_number: int) -> bytes | None:
        """Return a retransmission of a packet; None if it is forgotten."""
        sent = self._history.get(sequence_number)
        if sent is None:
            return None
        self._rtx_sequence_number = (self._rtx_sequence_number + 1) & 0xFFFF
        return rtp(
            sequence_number.to_bytes(2) + sent.payload,
            payload_type=RTX_PAYLOAD_TYPE,
            sequence_number=self._rtx_sequence_number,
            rtp_timestamp=sent.rtp_timestamp,
            ssrc=self.rtx_ssrc,
            marker=sent.marker,
            extension=self._names(REPAIRED_RID_ID),
        )

    def _packet(self, sent: _Sent) -> bytes:
        number = self._sequence_number
        self._sequence_number = (number + 1) & 0xFFFF
        self._history[number] = sent
        if len(self._history) > _HISTORY_PACKETS:
            self._history.popitem(last=False)
        return rtp(
            sent.payload,
            payload_type=PAYLOAD_TYPE,
            sequence_number=number,
            rtp_timestamp=sent.rtp_timestamp,
            ssrc=self.ssrc,
            marker=sent.marker,
            extension=self._names(RID_ID),
        )

    def _names(self, rid_id: int) -> bytes:
        rid = self.shape.rid
        if rid is not None:
            return one_byte_elements((MID_ID, b"0"), (rid_id, rid.encode()))
        # The only encoding is all that is numbered for transport-cc.
        self._transport_number = (self._transport_number + 1) & 0xFFFF
        return one_byte_elements((TRANSPORT_CC_ID, self._transport_number.to_bytes(2)))
