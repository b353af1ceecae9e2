import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.compound import UnknownRtcp, parse_compound
from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.rtp.rtcp.reports import Goodbye, ReceiverReport
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import Ssrc
from tests.support.packets import MEDIA, SENDER

REPORT = ReceiverReport(SENDER)
PLI = PictureLossIndication(SENDER, MEDIA)


def test_packets_are_read_in_order() -> None:
    assert parse_compound(REPORT.serialize() + PLI.serialize()) == (REPORT, PLI)


def test_feedback_alone_is_accepted_as_reduced_size_rtcp() -> None:
    assert parse_compound(PLI.serialize()) == (PLI,)


@pytest.mark.parametrize(
    ("packet_type", "count_or_format"), [(207, 0), (204, 3), (205, 14), (206, 2)]
)
def test_type_or_format_that_nobody_acts_on_is_unknown(
    packet_type: int, count_or_format: int
) -> None:
    data = bytes((0x80 | count_or_format, packet_type, 0, 1)) + b"body"

    assert parse_compound(data) == (UnknownRtcp(packet_type, count_or_format, b"body"),)


def test_padding_is_removed() -> None:
    data = b"\xa1\xcb\x00\x02" + MEDIA.to_bytes(4) + b"\x00\x00\x00\x04"

    assert parse_compound(data) == (Goodbye((MEDIA,)),)


def test_padding_may_be_less_than_a_word_as_libwebrtc_has_it_in_transport_feedback() -> None:
    """Three packets that came at once, in a one-bit vector with a byte for each."""
    report = "afcd0006 00000001 0000bbbb 00070003 00000203 b800 000000 000003"
    (packet,) = parse_compound(bytes.fromhex(report))

    assert packet == TransportFeedback(Ssrc(1), MEDIA, 3, 7, (512, 512, 512))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x80", id="one byte"),
        pytest.param(b"\x80\xc9\x00\x02" + bytes(4), id="longer than its datagram"),
        pytest.param(b"\x40\xc9\x00\x01" + bytes(4), id="version 1"),
        pytest.param(REPORT.serialize() + b"\x80", id="a byte behind"),
        pytest.param(b"\xa0\xcb\x00\x00", id="padding without room"),
        pytest.param(b"\xa0\xcb\x00\x01" + bytes(4), id="padding of 0"),
        pytest.param(b"\xa0\xcb\x00\x01\x00\x00\x00\x08", id="padding over the header"),
    ],
)
def test_wrong_length_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_compound(data)
