import struct

from aiortc.rtp import RtpPacket, unwrap_rtx, wrap_rtx

from liverelay.rtp import rtx
from liverelay.rtp.packet import parse_header
from liverelay.rtp.types import PayloadType, Ssrc
from tests.support.packets import one_byte_elements, rtp


def test_wrapped_packet_is_restored_byte_for_byte_but_for_padding() -> None:
    media = rtp(b"media", marker=True, csrcs=(5,), extension=one_byte_elements((1, b"0")))
    original = bytes((media[0] | 0x20,)) + media[1:] + b"\x00\x00\x03"
    header = parse_header(original)

    wrapped = bytes(rtx.wrap(original, header, PayloadType(97), 1))
    restored = rtx.restore(wrapped, parse_header(wrapped), PayloadType(96), Ssrc(0x1234))

    assert restored == media


def test_aiortc_unwraps_what_we_wrap() -> None:
    original = rtp(b"media", sequence_number=300, marker=True)

    wrapped = rtx.wrap(original, parse_header(original), PayloadType(97), 300)
    theirs = unwrap_rtx(RtpPacket.parse(bytes(wrapped)), payload_type=96, ssrc=0x1234)

    assert theirs.serialize() == original


def test_what_aiortc_wraps_is_restored() -> None:
    original = RtpPacket.parse(rtp(b"media", sequence_number=300, marker=True))
    wrapped = wrap_rtx(original, payload_type=97, sequence_number=1, ssrc=0x9999).serialize()

    restored = rtx.restore(wrapped, parse_header(wrapped), PayloadType(96), Ssrc(0x1234))

    assert restored == original.serialize()


def test_retransmission_tells_which_packet_it_carries() -> None:
    packet = rtp(struct.pack("!H", 300) + b"m", padding=100)

    assert rtx.original_sequence_number(packet, parse_header(packet)) == 300


def test_retransmission_without_a_payload_carries_nothing() -> None:
    for payload in (b"", b"\x01", struct.pack("!H", 300)):
        packet = rtp(payload, padding=100)

        assert rtx.original_sequence_number(packet, parse_header(packet)) is None
