"""Feedback messages: generic NACK and PLI (RFC 4585), FIR (RFC 5104), REMB.

REMB is draft-alvestrand-rmcat-remb-03. Transport-wide congestion control has a module of its own,
`liverelay.rtp.transport_cc`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.wire import PacketType, pack
from liverelay.rtp.types import Ssrc

_ADDRESSES = struct.Struct("!II")
_NACK_ITEM = struct.Struct("!HH")
_FIR_ITEM = struct.Struct("!IB3x")
_REMB_PREFIX = struct.Struct("!4sI")
_REMB_IDENTIFIER = b"REMB"
_REMB_MANTISSA_BITS = 18
# What the 6 bits of the exponent can hold above the mantissa.
_MAX_BITRATE = (1 << _REMB_MANTISSA_BITS) - 1 << 63

# The bitmask of one NACK item covers this many packets after its packet id.
_BLP_BITS = 16


class TransportFormat(IntEnum):
    """Formats of transport-layer feedback (packet type 205)."""

    NACK = 1
    TRANSPORT_CC = 15


class PayloadFormat(IntEnum):
    """Formats of payload-specific feedback (packet type 206)."""

    PLI = 1
    FIR = 4
    APPLICATION = 15


@dataclass(frozen=True, slots=True)
class GenericNack:
    """The 16-bit sequence numbers in `lost` did not arrive."""

    sender_ssrc: Ssrc
    media_ssrc: Ssrc
    lost: tuple[int, ...]

    def serialize(self) -> bytes:
        body = _ADDRESSES.pack(self.sender_ssrc, self.media_ssrc)
        for pid, blp in _nack_items(self.lost):
            body += _NACK_ITEM.pack(pid, blp)
        return pack(PacketType.TRANSPORT_FEEDBACK, TransportFormat.NACK, body)


@dataclass(frozen=True, slots=True)
class PictureLossIndication:
    """The decoder of `media_ssrc` needs a keyframe."""

    sender_ssrc: Ssrc
    media_ssrc: Ssrc

    def serialize(self) -> bytes:
        body = _ADDRESSES.pack(self.sender_ssrc, self.media_ssrc)
        return pack(PacketType.PAYLOAD_FEEDBACK, PayloadFormat.PLI, body)


class IntraCommand(NamedTuple):
    """What one stream is told; its number, 8 bits, tells a new command from a repetition."""

    media_ssrc: Ssrc
    number: int


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    """A keyframe is wanted of each of the streams that `commands` name."""

    sender_ssrc: Ssrc
    commands: tuple[IntraCommand, ...]

    @property
    def media_ssrcs(self) -> tuple[Ssrc, ...]:
        return tuple(command.media_ssrc for command in self.commands)

    def serialize(self) -> bytes:
        # RFC 5104 section 4.3.1.2 has no use for the second address and wants it to be 0.
        body = _ADDRESSES.pack(self.sender_ssrc, 0)
        body += b"".join(_FIR_ITEM.pack(*command) for command in self.commands)
        return pack(PacketType.PAYLOAD_FEEDBACK, PayloadFormat.FIR, body)


@dataclass(frozen=True, slots=True)
class ReceiverEstimatedMaximumBitrate:
    """The receiver believes that `media_ssrcs` together may use `bitrate_bps`.

    The wire has 18 significant bits of it: what is written is rounded down, so that it reads back
    as no more than was meant.
    """

    sender_ssrc: Ssrc
    bitrate_bps: int
    media_ssrcs: tuple[Ssrc, ...]

    def serialize(self) -> bytes:
        """Return the message; it can name 255 streams."""
        bitrate = min(self.bitrate_bps, _MAX_BITRATE)
        exponent = max(0, bitrate.bit_length() - _REMB_MANTISSA_BITS)
        count = len(self.media_ssrcs)
        word = count << 24 | exponent << _REMB_MANTISSA_BITS | bitrate >> exponent
        # The draft has no use for the second address and wants it to be 0.
        body = _ADDRESSES.pack(self.sender_ssrc, 0) + _REMB_PREFIX.pack(_REMB_IDENTIFIER, word)
        body += struct.pack(f"!{count}I", *self.media_ssrcs)
        return pack(PacketType.PAYLOAD_FEEDBACK, PayloadFormat.APPLICATION, body)


def _nack_items(lost: tuple[int, ...]) -> list[tuple[int, int]]:
    if not lost:
        return []
    first = lost[0]
    # In serial order around the first one, so that a run across 65535 stays one run.
    ordered = sorted(set(lost), key=lambda number: (number - first + 0x8000) & 0xFFFF)
    items = []
    pid, blp = ordered[0], 0
    for number in ordered[1:]:
        distance = (number - pid) & 0xFFFF
        if distance <= _BLP_BITS:
            blp |= 1 << (distance - 1)
        else:
            items.append((pid, blp))
            pid, blp = number, 0
    items.append((pid, blp))
    return items


def parse_nack(body: bytes) -> GenericNack:
    """Read a generic NACK; numbers past 65535 wrap to 0.

    Raises:
        MalformedPacketError: `body` is not addresses and whole items.
    """
    sender_ssrc, media_ssrc = _parse_addresses(body)
    items = body[_ADDRESSES.size :]
    if len(items) % _NACK_ITEM.size:
        raise MalformedPacketError("RTCP generic NACK ends inside an item")
    lost = []
    for pid, blp in _NACK_ITEM.iter_unpack(items):
        lost.append(pid)
        if blp:
            lost.extend((pid + bit + 1) & 0xFFFF for bit in range(_BLP_BITS) if blp >> bit & 1)
    return GenericNack(sender_ssrc, media_ssrc, tuple(lost))


def parse_pli(body: bytes) -> PictureLossIndication:
    """Read a picture loss indication.

    Raises:
        MalformedPacketError: `body` has no addresses.
    """
    return PictureLossIndication(*_parse_addresses(body))


def parse_fir(body: bytes) -> FullIntraRequest:
    """Read a full intra request.

    Raises:
        MalformedPacketError: `body` is not addresses and whole items.
    """
    sender_ssrc, _ = _parse_addresses(body)
    items = body[_ADDRESSES.size :]
    if len(items) % _FIR_ITEM.size:
        raise MalformedPacketError("RTCP full intra request ends inside an item")
    commands = tuple(IntraCommand(Ssrc(ssrc), n) for ssrc, n in _FIR_ITEM.iter_unpack(items))
    return FullIntraRequest(sender_ssrc, commands)


def parse_remb(body: bytes) -> ReceiverEstimatedMaximumBitrate | None:
    """Read a REMB; None if this is some other application's message.

    Raises:
        MalformedPacketError: it is a REMB, and shorter than it announces.
    """
    sender_ssrc, _ = _parse_addresses(body)
    items = body[_ADDRESSES.size :]
    if items[:4] != _REMB_IDENTIFIER:
        return None
    if len(items) < _REMB_PREFIX.size:
        raise MalformedPacketError("REMB has no bitrate")
    _, word = _REMB_PREFIX.unpack_from(items)
    count = word >> 24
    if len(items) < _REMB_PREFIX.size + 4 * count:
        raise MalformedPacketError("REMB is shorter than its sources")
    exponent = word >> _REMB_MANTISSA_BITS & 0x3F
    mantissa = word & (1 << _REMB_MANTISSA_BITS) - 1
    ssrcs = struct.unpack_from(f"!{count}I", items, _REMB_PREFIX.size)
    return ReceiverEstimatedMaximumBitrate(
        sender_ssrc, mantissa << exponent, tuple(Ssrc(ssrc) for ssrc in ssrcs)
    )


def _parse_addresses(body: bytes) -> tuple[Ssrc, Ssrc]:
    if len(body) < _ADDRESSES.size:
        raise MalformedPacketError("RTCP feedback has no addresses")
    sender_ssrc, media_ssrc = _ADDRESSES.unpack_from(body)
    return Ssrc(sender_ssrc), Ssrc(media_ssrc)
