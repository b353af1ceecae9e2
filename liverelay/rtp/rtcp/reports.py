"""The RTCP of RFC 3550: sender and receiver reports, source description, goodbye."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.wire import MAX_COUNT, PacketType, pack
from liverelay.rtp.types import Ssrc

_SSRC = struct.Struct("!I")
_SENDER_INFO = struct.Struct("!IQIII")
_REPORT_BLOCK = struct.Struct("!IIIIII")

_SDES_END = 0
_SDES_CNAME = 1
_MAX_TEXT_SIZE = 255


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver saw of one stream.

    `fraction_lost` is in 1/256. `highest_sequence` is the extended one, 32 bits. `jitter` counts
    ticks of the stream's clock; `lsr` and `dlsr` count 1/65536 s.
    """

    ssrc: Ssrc
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    lsr: int
    dlsr: int

    def serialize(self) -> bytes:
        # 24 bits, signed: duplicates can make more packets arrive than were sent.
        lost = max(-0x800000, min(self.cumulative_lost, 0x7FFFFF)) & 0xFFFFFF
        return _REPORT_BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest_sequence & 0xFFFFFFFF,
            self.jitter,
            self.lsr,
            self.dlsr,
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """Ties `rtp_timestamp` to `ntp_time`, the 64-bit NTP format; counts what was sent."""

    ssrc: Ssrc
    ntp_time: int
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    reports: tuple[ReportBlock, ...] = ()

    def serialize(self) -> bytes:
        info = _SENDER_INFO.pack(
            self.ssrc,
            self.ntp_time,
            self.rtp_timestamp,
            self.packet_count & 0xFFFFFFFF,
            self.octet_count & 0xFFFFFFFF,
        )
        blocks = b"".join(report.serialize() for report in self.reports)
        return pack(PacketType.SENDER_REPORT, len(self.reports), info + blocks)


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """Reports by a member that sends nothing itself; at most 31 fit into one."""

    ssrc: Ssrc
    reports: tuple[ReportBlock, ...] = ()

    def serialize(self) -> bytes:
        blocks = b"".join(report.serialize() for report in self.reports)
        return pack(PacketType.RECEIVER_REPORT, len(self.reports), _SSRC.pack(self.ssrc) + blocks)


@dataclass(frozen=True, slots=True)
class CanonicalName:
    """Binds a source to the member it belongs to."""

    ssrc: Ssrc
    cname: str


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The canonical names of sources; other items are skipped when read and never written."""

    cnames: tuple[CanonicalName, ...]

    def serialize(self) -> bytes:
        body = b""
        for name in self.cnames:
            text = name.cname.encode()[:_MAX_TEXT_SIZE]
            chunk = _SSRC.pack(name.ssrc) + bytes((_SDES_CNAME, len(text))) + text
            # A null octet ends the items, and more of them fill the chunk's last word.
            body += chunk + bytes(4 - len(chunk) % 4)
        return pack(PacketType.SOURCE_DESCRIPTION, len(self.cnames), body)


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The sources that leave; a reason is not kept, nobody acts on it."""

    ssrcs: tuple[Ssrc, ...]

    def serialize(self) -> bytes:
        body = b"".join(_SSRC.pack(ssrc) for ssrc in self.ssrcs[:MAX_COUNT])
        return pack(PacketType.GOODBYE, len(self.ssrcs[:MAX_COUNT]), body)


def _parse_report_blocks(body: bytes, offset: int, count: int) -> tuple[ReportBlock, ...]:
    if len(body) < offset + count * _REPORT_BLOCK.size:
        raise MalformedPacketError("RTCP report is shorter than its blocks")
    return tuple(
        _parse_report_block(body, offset + index * _REPORT_BLOCK.size) for index in range(count)
    )


def _parse_report_block(body: bytes, offset: int) -> ReportBlock:
    ssrc, lost, highest_sequence, jitter, lsr, dlsr = _REPORT_BLOCK.unpack_from(body, offset)
    cumulative_lost = lost & 0xFFFFFF
    if cumulative_lost >= 0x800000:
        cumulative_lost -= 0x1000000
    return ReportBlock(
        ssrc=Ssrc(ssrc),
        fraction_lost=lost >> 24,
        cumulative_lost=cumulative_lost,
        highest_sequence=highest_sequence,
        jitter=jitter,
        lsr=lsr,
        dlsr=dlsr,
    )


def parse_sender_report(count: int, body: bytes) -> SenderReport:
    """Read a sender report; what follows its blocks is a profile's extension and is skipped.

    Raises:
        MalformedPacketError: `body` is too short for what it announces.
    """
    if len(body) < _SENDER_INFO.size:
        raise MalformedPacketError("RTCP sender report is shorter than its sender information")
    ssrc, ntp_time, rtp_timestamp, packet_count, octet_count = _SENDER_INFO.unpack_from(body)
    return SenderReport(
        ssrc=Ssrc(ssrc),
        ntp_time=ntp_time,
        rtp_timestamp=rtp_timestamp,
        packet_count=packet_count,
        octet_count=octet_count,
        reports=_parse_report_blocks(body, _SENDER_INFO.size, count),
    )


def parse_receiver_report(count: int, body: bytes) -> ReceiverReport:
    """Read a receiver report.

    Raises:
        MalformedPacketError: `body` is too short for what it announces.
    """
    if len(body) < _SSRC.size:
        raise MalformedPacketError("RTCP receiver report has no SSRC")
    (ssrc,) = _SSRC.unpack_from(body)
    return ReceiverReport(Ssrc(ssrc), _parse_report_blocks(body, _SSRC.size, count))


def parse_source_description(count: int, body: bytes) -> SourceDescription:
    """Read the canonical names; a chunk without one is skipped.

    Raises:
        MalformedPacketError: a chunk or an item runs over the end.
    """
    cnames = []
    offset = 0
    for _ in range(count):
        if offset + _SSRC.size > len(body):
            raise MalformedPacketError("RTCP source description is shorter than its chunks")
        (ssrc,) = _SSRC.unpack_from(body, offset)
        text, offset = _parse_source_items(body, offset + _SSRC.size)
        if text is not None:
            cnames.append(CanonicalName(Ssrc(ssrc), text.decode(errors="replace")))
    return SourceDescription(tuple(cnames))


def _parse_source_items(body: bytes, offset: int) -> tuple[bytes | None, int]:
    cname = None
    while offset < len(body):
        item_type = body[offset]
        if item_type == _SDES_END:
            # The next chunk begins at the next word; the null octet itself belongs to this one.
            return cname, offset + 4 - offset % 4
        end = offset + 2 + body[offset + 1] if offset + 1 < len(body) else len(body) + 1
        if end > len(body):
            break
        if item_type == _SDES_CNAME:
            cname = body[offset + 2 : end]
        offset = end
    raise MalformedPacketError("RTCP source description item has no end")


def parse_goodbye(count: int, body: bytes) -> Goodbye:
    """Read the sources that leave.

    Raises:
        MalformedPacketError: `body` holds fewer sources than it announces.
    """
    if len(body) < count * _SSRC.size:
        raise MalformedPacketError("RTCP goodbye is shorter than its sources")
    return Goodbye(tuple(Ssrc(ssrc) for ssrc in struct.unpack_from(f"!{count}I", body)))
