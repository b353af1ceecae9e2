import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.reports import (
    CanonicalName,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
)
from tests.support.packets import MEDIA, SENDER

BLOCK = ReportBlock(
    ssrc=MEDIA,
    fraction_lost=51,
    cumulative_lost=-3,
    highest_sequence=0x1FFFF,
    jitter=90,
    lsr=5,
    dlsr=6,
)
SENDER_REPORT = SenderReport(SENDER, 0x0123456789ABCDEF, 3000, 10, 1000, (BLOCK,))
RECEIVER_REPORT = ReceiverReport(SENDER, (BLOCK, BLOCK))
DESCRIPTION = SourceDescription((CanonicalName(SENDER, "studio"), CanonicalName(MEDIA, "né")))
GOODBYE = Goodbye((SENDER, MEDIA))


@pytest.mark.parametrize("report", [SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, GOODBYE])
def test_report_reads_back_as_written(
    report: SenderReport | ReceiverReport | SourceDescription | Goodbye,
) -> None:
    assert parse_compound(report.serialize()) == (report,)


def test_aiortc_reads_our_reports() -> None:
    # One chunk only: aiortc does not skip the fill between two (RFC 3550 section 6.5).
    our_description = SourceDescription((CanonicalName(MEDIA, "né"),))
    data = b"".join(
        report.serialize() for report in (SENDER_REPORT, RECEIVER_REPORT, our_description, GOODBYE)
    )

    sender_report, receiver_report, description, goodbye = RtcpPacket.parse(data)

    assert isinstance(sender_report, RtcpSrPacket)
    assert sender_report.sender_info == RtcpSenderInfo(
        ntp_timestamp=0x0123456789ABCDEF, rtp_timestamp=3000, packet_count=10, octet_count=1000
    )
    assert isinstance(receiver_report, RtcpRrPacket)
    assert receiver_report.reports[0] == RtcpReceiverInfo(
        ssrc=MEDIA,
        fraction_lost=51,
        packets_lost=-3,
        highest_sequence=0x1FFFF,
        jitter=90,
        lsr=5,
        dlsr=6,
    )
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks == [RtcpSourceInfo(ssrc=MEDIA, items=[(1, "né".encode())])]
    assert isinstance(goodbye, RtcpByePacket)
    assert goodbye.sources == [SENDER, MEDIA]


def test_reports_that_aiortc_writes_are_read() -> None:
    info = RtcpReceiverInfo(
        ssrc=MEDIA,
        fraction_lost=51,
        packets_lost=-3,
        highest_sequence=0x1FFFF,
        jitter=90,
        lsr=5,
        dlsr=6,
    )
    sender_info = RtcpSenderInfo(
        ntp_timestamp=0x0123456789ABCDEF, rtp_timestamp=3000, packet_count=10, octet_count=1000
    )
    chunk = RtcpSourceInfo(ssrc=SENDER, items=[(2, b"a name"), (1, b"studio")])

    packets = parse_compound(
        bytes(RtcpSrPacket(ssrc=SENDER, sender_info=sender_info, reports=[info]))
        + bytes(RtcpRrPacket(ssrc=SENDER, reports=[info, info]))
        + bytes(RtcpSdesPacket(chunks=[chunk]))
        + bytes(RtcpByePacket(sources=[SENDER, MEDIA]))
    )

    assert packets == (
        SENDER_REPORT,
        RECEIVER_REPORT,
        SourceDescription((CanonicalName(SENDER, "studio"),)),
        GOODBYE,
    )


@pytest.mark.parametrize(
    ("lost", "written"), [(1 << 30, 0x7FFFFF), (-(1 << 30), -0x800000), (-1, -1)]
)
def test_cumulative_loss_is_clamped_to_its_field(lost: int, written: int) -> None:
    report = ReceiverReport(SENDER, (ReportBlock(MEDIA, 0, lost, 0, 0, 0, 0),))

    (read,) = parse_compound(report.serialize())

    assert isinstance(read, ReceiverReport)
    assert read.reports[0].cumulative_lost == written


def test_source_without_a_name_is_skipped() -> None:
    anonymous = b"\x81\xca\x00\x02" + bytes(4) + b"\x02\x01x\x00"

    assert parse_compound(anonymous) == (SourceDescription(()),)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80\xc8\x00\x05" + bytes(20), id="sender report without sender info"),
        pytest.param(b"\x81\xc8\x00\x06" + bytes(24), id="sender report without its block"),
        pytest.param(b"\x80\xc9\x00\x00", id="receiver report without an SSRC"),
        pytest.param(b"\x81\xc9\x00\x02" + bytes(8), id="receiver report with half a block"),
        pytest.param(b"\x81\xca\x00\x00", id="source description without its chunk"),
        pytest.param(b"\x81\xca\x00\x01" + bytes(4), id="chunk without an end"),
        pytest.param(b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x03ab", id="item over the end"),
        pytest.param(b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x01a\x01", id="item without length"),
        pytest.param(b"\x82\xcb\x00\x01" + bytes(4), id="goodbye of two with one source"),
    ],
)
def test_report_shorter_than_it_announces_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_compound(data)
