"""Compound RTCP: one datagram, several packets (RFC 3550 section 6.1, reduced size by RFC 5506)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    PayloadFormat,
    PictureLossIndication,
    ReceiverEstimatedMaximumBitrate,
    TransportFormat,
    parse_fir,
    parse_nack,
    parse_pli,
    parse_remb,
)
from liverelay.rtp.rtcp.reports import (
    Goodbye,
    ReceiverReport,
    SenderReport,
    SourceDescription,
    parse_goodbye,
    parse_receiver_report,
    parse_sender_report,
    parse_source_description,
)
from liverelay.rtp.rtcp.wire import PacketType, RtcpHeader, read_header
from liverelay.rtp.transport_cc import TransportFeedback, parse_transport_feedback

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADER_SIZE = 4


@dataclass(frozen=True, slots=True)
class UnknownRtcp:
    """A well-formed packet of a type or format that nobody here acts on."""

    packet_type: int
    count_or_format: int
    body: bytes


RtcpPacket: TypeAlias = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Goodbye
    | GenericNack
    | PictureLossIndication
    | FullIntraRequest
    | ReceiverEstimatedMaximumBitrate
    | TransportFeedback
    | UnknownRtcp
)

_REPORT_PARSERS: dict[int, Callable[[int, bytes], RtcpPacket]] = {
    PacketType.SENDER_REPORT: parse_sender_report,
    PacketType.RECEIVER_REPORT: parse_receiver_report,
    PacketType.SOURCE_DESCRIPTION: parse_source_description,
    PacketType.GOODBYE: parse_goodbye,
}
_FEEDBACK_PARSERS: dict[tuple[int, int], Callable[[bytes], RtcpPacket | None]] = {
    (PacketType.TRANSPORT_FEEDBACK, TransportFormat.NACK): parse_nack,
    (PacketType.TRANSPORT_FEEDBACK, TransportFormat.TRANSPORT_CC): parse_transport_feedback,
    (PacketType.PAYLOAD_FEEDBACK, PayloadFormat.PLI): parse_pli,
    (PacketType.PAYLOAD_FEEDBACK, PayloadFormat.FIR): parse_fir,
    (PacketType.PAYLOAD_FEEDBACK, PayloadFormat.APPLICATION): parse_remb,
}


def parse_compound(data: bytes) -> tuple[RtcpPacket, ...]:
    """Read every packet of `data`; there is at least one.

    Raises:
        MalformedPacketError: any packet is malformed; one lie about a length makes the rest
            unreadable, so nothing of the datagram is used.
    """
    packets: list[RtcpPacket] = []
    offset = 0
    while offset < len(data) or not packets:
        if offset + _HEADER_SIZE > len(data):
            raise MalformedPacketError("RTCP packet is shorter than its header")
        header = read_header(data, offset)
        end = offset + header.size
        if header.version != 2:
            raise MalformedPacketError("RTCP version is not 2")
        if end > len(data):
            raise MalformedPacketError("RTCP packet is longer than its datagram")
        packets.append(_parse_packet(header, _body(header, data, offset + _HEADER_SIZE, end)))
        offset = end
    return tuple(packets)


def _body(header: RtcpHeader, data: bytes, offset: int, end: int) -> bytes:
    if not header.padding:
        return data[offset:end]
    # RFC 3550 has whole words of padding; libwebrtc adds an octet or three to transport-cc reports.
    padding = data[end - 1]
    if padding == 0 or offset + padding > end:
        raise MalformedPacketError("RTCP padding is not a part of the packet")
    return data[offset : end - padding]


def _parse_packet(header: RtcpHeader, body: bytes) -> RtcpPacket:
    packet_type, count = header.packet_type, header.count_or_format
    parsed: RtcpPacket | None = None
    if (parse_report := _REPORT_PARSERS.get(packet_type)) is not None:
        parsed = parse_report(count, body)
    elif (parse_feedback := _FEEDBACK_PARSERS.get((packet_type, count))) is not None:
        parsed = parse_feedback(body)
    return UnknownRtcp(packet_type, count, body) if parsed is None else parsed
