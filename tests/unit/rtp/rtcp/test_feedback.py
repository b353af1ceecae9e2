import struct

import pytest
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.compound import UnknownRtcp, parse_compound
from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    IntraCommand,
    PictureLossIndication,
    ReceiverEstimatedMaximumBitrate,
)
from liverelay.rtp.types import Ssrc
from tests.support.packets import MEDIA, SENDER

ADDRESSES = struct.pack("!II", SENDER, MEDIA)


def nack_read_back(*lost: int) -> tuple[int, ...]:
    (nack,) = parse_compound(GenericNack(SENDER, MEDIA, lost).serialize())
    assert isinstance(nack, GenericNack)
    return nack.lost


def test_nack_bitmask_wraps_to_zero() -> None:
    data = b"\x81\xcd\x00\x03" + ADDRESSES + struct.pack("!HH", 65534, 0b111)

    assert parse_compound(data) == (GenericNack(SENDER, MEDIA, (65534, 65535, 0, 1)),)


def test_nack_across_the_wrap_is_one_item() -> None:
    nack = GenericNack(SENDER, MEDIA, (65534, 65535, 0, 14))

    assert nack.serialize().endswith(ADDRESSES + struct.pack("!HH", 65534, 1 | 2 | 1 << 15))


def test_nack_of_unsorted_and_repeated_numbers_is_sorted_in_serial_order() -> None:
    assert nack_read_back(3, 65535, 3, 65000, 0) == (65000, 65535, 0, 3)


def test_nack_of_distant_numbers_has_an_item_for_each() -> None:
    assert nack_read_back(10, 26, 27, 1000) == (10, 26, 27, 1000)


def test_nack_of_nothing_is_empty() -> None:
    assert nack_read_back() == ()


def test_aiortc_reads_our_nack() -> None:
    (theirs,) = RtcpPacket.parse(GenericNack(SENDER, MEDIA, (5, 7, 40)).serialize())

    assert theirs == RtcpRtpfbPacket(fmt=1, ssrc=SENDER, media_ssrc=MEDIA, lost=[5, 7, 40])


def test_nack_that_aiortc_writes_is_read() -> None:
    theirs = RtcpRtpfbPacket(fmt=1, ssrc=SENDER, media_ssrc=MEDIA, lost=[5, 7, 40])

    assert parse_compound(bytes(theirs)) == (GenericNack(SENDER, MEDIA, (5, 7, 40)),)


def test_aiortc_reads_our_pli_and_we_read_theirs() -> None:
    ours = PictureLossIndication(SENDER, MEDIA)
    theirs = RtcpPsfbPacket(fmt=1, ssrc=SENDER, media_ssrc=MEDIA)

    assert RtcpPacket.parse(ours.serialize()) == [theirs]
    assert parse_compound(bytes(theirs)) == (ours,)


def test_nack_that_ends_inside_an_item_is_malformed() -> None:
    # One octet of padding, as libwebrtc adds to other reports.
    items = struct.pack("!HHHBB", 7, 0, 9, 0, 1)
    theirs = struct.pack("!BBHII", 0xA1, 205, 4, SENDER, MEDIA) + items

    with pytest.raises(MalformedPacketError, match="ends inside an item"):
        parse_compound(theirs)


def test_fir_names_every_stream_asked() -> None:
    items = struct.pack("!IB3xIB3x", 1, 7, 2, 8)
    theirs = RtcpPsfbPacket(fmt=4, ssrc=SENDER, media_ssrc=0, fci=items)

    (fir,) = parse_compound(bytes(theirs))

    assert isinstance(fir, FullIntraRequest)
    assert fir.media_ssrcs == (1, 2)
    assert [command.number for command in fir.commands] == [7, 8]


def test_aiortc_reads_our_fir() -> None:
    ours = FullIntraRequest(SENDER, (IntraCommand(Ssrc(1), 7), IntraCommand(Ssrc(2), 255)))
    items = struct.pack("!IB3xIB3x", 1, 7, 2, 255)

    (theirs,) = RtcpPacket.parse(ours.serialize())

    assert theirs == RtcpPsfbPacket(fmt=4, ssrc=SENDER, media_ssrc=0, fci=items)


def test_remb_that_aiortc_writes_is_read() -> None:
    theirs = RtcpPsfbPacket(
        fmt=15, ssrc=SENDER, media_ssrc=0, fci=pack_remb_fci(1_000_000, [MEDIA, SENDER])
    )

    (remb,) = parse_compound(bytes(theirs))

    assert isinstance(remb, ReceiverEstimatedMaximumBitrate)
    assert remb.media_ssrcs == (MEDIA, SENDER)
    assert remb.bitrate_bps == pytest.approx(1_000_000, rel=1e-5)


def test_aiortc_reads_our_remb() -> None:
    ours = ReceiverEstimatedMaximumBitrate(SENDER, 1_000_000, (MEDIA, SENDER))

    (theirs,) = RtcpPacket.parse(ours.serialize())

    assert isinstance(theirs, RtcpPsfbPacket)
    assert (theirs.fmt, theirs.ssrc, theirs.media_ssrc) == (15, SENDER, 0)
    bitrate_bps, media_ssrcs = unpack_remb_fci(theirs.fci)
    assert media_ssrcs == [MEDIA, SENDER]
    assert bitrate_bps == pytest.approx(1_000_000, rel=1e-5)


def test_remb_writes_no_more_than_its_field_can_hold() -> None:
    ours = ReceiverEstimatedMaximumBitrate(SENDER, 1 << 90, ())

    (read,) = parse_compound(ours.serialize())

    assert isinstance(read, ReceiverEstimatedMaximumBitrate)
    assert read.bitrate_bps == ((1 << 18) - 1) << 63


def test_application_feedback_other_than_remb_is_unknown() -> None:
    data = b"\x8f\xce\x00\x03" + ADDRESSES + b"TEST"

    assert parse_compound(data) == (UnknownRtcp(206, 15, ADDRESSES + b"TEST"),)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x81\xcd\x00\x01" + bytes(4), id="NACK without addresses"),
        pytest.param(b"\x81\xce\x00\x01" + bytes(4), id="PLI without addresses"),
        pytest.param(b"\x84\xce\x00\x03" + bytes(12), id="FIR with half an item"),
        pytest.param(b"\x8f\xce\x00\x03" + bytes(8) + b"REMB", id="REMB without a bitrate"),
        pytest.param(
            b"\x8f\xce\x00\x04" + bytes(8) + b"REMB\x01\x00\x00\x00", id="REMB without its source"
        ),
    ],
)
def test_feedback_shorter_than_it_announces_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_compound(data)
