"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

The server writes these reports to publishers; without any, Chromium stays at 300 kbit/s. It reads
those of viewers that know no other way to say what their path carries. Arrival times are whole
ticks of 250 microseconds on any clock that starts before the first packet, modulo `CLOCK_TICKS` in
a report that was read: only differences mean anything.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.feedback import TransportFormat
from liverelay.rtp.rtcp.wire import PacketType, pack
from liverelay.rtp.types import Ssrc

TICKS_PER_SECOND = 4000
# A delta is a signed 16-bit count of ticks: packets further apart need reports of their own.
MAX_DELTA_TICKS = 0x7FFF
# Four seconds of a busy 10 Mbit/s path, and no more than one run can hold. Twenty bytes could be
# about 65535 packets, each of which costs time.
MAX_REPORTED = 4096

_PREFIX = struct.Struct("!IIHHI")
_CHUNK = struct.Struct("!H")
_LARGE_DELTA = struct.Struct("!h")
# The reference time counts units of 64 ms.
_REFERENCE_TICKS = 256
# The reference time has 24 bits: twelve days.
CLOCK_TICKS = _REFERENCE_TICKS << 24

_RUN_MASK = 0x1FFF
_ONE_BIT_SYMBOLS = 14
_TWO_BIT_SYMBOLS = 7
_VECTOR_CHUNK = 0x8000
_TWO_BIT_CHUNK = 0x4000


class _Status(IntEnum):
    """The fate of one packet; the number is its symbol in the two-bit form."""

    NOT_RECEIVED = 0
    SMALL_DELTA = 1
    LARGE_DELTA = 2


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """When the packets from `base_sequence_number` on arrived; None for those that did not.

    To be written, there must be an arrival, consecutive ones must lie within `MAX_DELTA_TICKS`, and
    there are at most `MAX_REPORTED` packets.
    """

    sender_ssrc: Ssrc
    media_ssrc: Ssrc
    feedback_count: int
    base_sequence_number: int
    arrivals: tuple[int | None, ...]

    def serialize(self) -> bytes:
        statuses, deltas, reference_time = self._encode_arrivals()
        body = _PREFIX.pack(
            self.sender_ssrc,
            self.media_ssrc,
            self.base_sequence_number,
            len(statuses),
            (reference_time & 0xFFFFFF) << 8 | self.feedback_count,
        )
        body += b"".join(_CHUNK.pack(chunk) for chunk in _chunks(statuses)) + deltas
        # Zero octets to the next word, as the draft has it, and no padding bit: that bit would
        # oblige the report to be the last of its compound.
        body += bytes(-len(body) % 4)
        return pack(PacketType.TRANSPORT_FEEDBACK, TransportFormat.TRANSPORT_CC, body)

    def _encode_arrivals(self) -> tuple[list[_Status], bytes, int]:
        first = next(arrival for arrival in self.arrivals if arrival is not None)
        reference_time = first // _REFERENCE_TICKS
        previous = reference_time * _REFERENCE_TICKS
        statuses = []
        deltas = bytearray()
        for arrival in self.arrivals:
            if arrival is None:
                statuses.append(_Status.NOT_RECEIVED)
                continue
            delta = arrival - previous
            previous = arrival
            if 0 <= delta <= 0xFF:
                statuses.append(_Status.SMALL_DELTA)
                deltas.append(delta)
            else:
                statuses.append(_Status.LARGE_DELTA)
                deltas += _LARGE_DELTA.pack(delta)
        return statuses, bytes(deltas), reference_time


def _chunks(statuses: list[_Status]) -> list[int]:
    chunks = []
    index = 0
    while index < len(statuses):
        run = _run_length(statuses, index)
        if run >= _ONE_BIT_SYMBOLS or index + run == len(statuses):
            chunks.append(statuses[index] << 13 | run)
            index += run
        elif _Status.LARGE_DELTA in statuses[index : index + _ONE_BIT_SYMBOLS]:
            chunks.append(_vector(statuses[index : index + _TWO_BIT_SYMBOLS], two_bit=True))
            index += _TWO_BIT_SYMBOLS
        else:
            chunks.append(_vector(statuses[index : index + _ONE_BIT_SYMBOLS], two_bit=False))
            index += _ONE_BIT_SYMBOLS
    return chunks


def _run_length(statuses: list[_Status], start: int) -> int:
    end = start + 1
    while end < len(statuses) and statuses[end] == statuses[start]:
        end += 1
    return end - start


def _vector(statuses: list[_Status], *, two_bit: bool) -> int:
    width = 2 if two_bit else 1
    chunk = _VECTOR_CHUNK | (_TWO_BIT_CHUNK if two_bit else 0)
    for position, status in enumerate(statuses, start=1):
        chunk |= status << (_ONE_BIT_SYMBOLS - position * width)
    return chunk


def parse_transport_feedback(body: bytes) -> TransportFeedback:
    """Read the body of a report, the four bytes of RTCP header left off.

    Raises:
        MalformedPacketError: the report is shorter than it announces, is about more than
            `MAX_REPORTED` packets, or uses a reserved symbol.
    """
    if len(body) < _PREFIX.size:
        raise MalformedPacketError("transport feedback is shorter than its header")
    sender_ssrc, media_ssrc, base, count, word = _PREFIX.unpack_from(body)
    if count > MAX_REPORTED:
        raise MalformedPacketError("transport feedback reports on too many packets")
    symbols, offset = _read_symbols(body, count)
    arrivals = _read_arrivals(body, offset, symbols, (word >> 8) * _REFERENCE_TICKS)
    return TransportFeedback(Ssrc(sender_ssrc), Ssrc(media_ssrc), word & 0xFF, base, arrivals)


def _read_symbols(body: bytes, count: int) -> tuple[list[int], int]:
    symbols: list[int] = []
    offset = _PREFIX.size
    while len(symbols) < count:
        if offset + _CHUNK.size > len(body):
            raise MalformedPacketError("transport feedback is shorter than its chunks")
        (chunk,) = _CHUNK.unpack_from(body, offset)
        offset += _CHUNK.size
        symbols += _chunk_symbols(chunk, count - len(symbols))
    return symbols[:count], offset


def _chunk_symbols(chunk: int, wanted: int) -> list[int]:
    if not chunk & _VECTOR_CHUNK:
        return [chunk >> 13] * min(chunk & _RUN_MASK, wanted)
    if chunk & _TWO_BIT_CHUNK:
        return [chunk >> shift & 3 for shift in range(12, -1, -2)]
    return [chunk >> shift & 1 for shift in range(13, -1, -1)]


def _read_arrivals(
    body: bytes, offset: int, symbols: list[int], reference: int
) -> tuple[int | None, ...]:
    arrivals: list[int | None] = []
    arrival = reference
    for symbol in symbols:
        if symbol == _Status.NOT_RECEIVED:
            arrivals.append(None)
            continue
        if symbol not in (_Status.SMALL_DELTA, _Status.LARGE_DELTA):
            raise MalformedPacketError("transport feedback uses a reserved symbol")
        if offset + symbol > len(body):
            raise MalformedPacketError("transport feedback is shorter than its deltas")
        # A small delta takes one byte and a large one two: the symbol is its size.
        arrival += int.from_bytes(
            body[offset : offset + symbol], signed=symbol == _Status.LARGE_DELTA
        )
        offset += symbol
        arrivals.append(arrival)
    return tuple(arrivals)
