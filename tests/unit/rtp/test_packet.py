import pytest
from aiortc.rtp import RtpPacket

from liverelay.errors import MalformedPacketError
from liverelay.rtp.packet import parse_header, write_payload_type
from liverelay.rtp.types import PayloadType
from tests.support.packets import TWO_BYTE, one_byte_elements, rtp


def test_fixed_fields_are_read() -> None:
    packet = rtp(payload_type=111, sequence_number=65535, rtp_timestamp=7, ssrc=9, marker=True)

    header = parse_header(packet)

    assert header[:5] == (True, 111, 65535, 7, 9)


def test_payload_follows_csrcs_and_extension() -> None:
    packet = rtp(b"xyz", csrcs=(1, 2), extension=bytes(8), profile=TWO_BYTE)

    header = parse_header(packet)

    assert (header.extension_profile, header.extension_offset, header.extension_length) == (
        TWO_BYTE,
        24,
        8,
    )
    assert packet[header.payload_offset : header.payload_end] == b"xyz"


def test_padding_is_not_payload() -> None:
    packet = rtp(b"xyz", padding=5)

    header = parse_header(packet)

    assert packet[header.payload_offset : header.payload_end] == b"xyz"


def test_padding_only_packet_has_an_empty_payload() -> None:
    header = parse_header(rtp(b"", padding=255))

    assert header.payload_offset == header.payload_end


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x80",
        rtp(b"")[:11],
        b"\x40" + rtp()[1:],
        rtp(b"", csrcs=(1, 2))[:-1],
        rtp(b"", extension=b"")[:-1],
        rtp(b"", extension=bytes(8))[:-1],
        rtp(b"x", padding=4)[:-1] + b"\x00",
        rtp(b"x", padding=4)[:-1] + b"\x06",
    ],
)
def test_contradictory_lengths_are_malformed(packet: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_header(packet)


def test_payload_type_is_written_beside_the_marker() -> None:
    packet = bytearray(rtp(payload_type=96, marker=True))

    write_payload_type(packet, PayloadType(120))

    assert bytes(packet) == rtp(payload_type=120, marker=True)


def test_what_aiortc_writes_is_read() -> None:
    theirs = RtpPacket(
        payload_type=96, marker=1, sequence_number=5, timestamp=6, ssrc=7, payload=b"data"
    )
    theirs.extensions.mid = "0"  # without a map, aiortc writes no extension
    theirs.csrc = [8, 9]
    theirs.padding_size = 3
    packet = theirs.serialize()

    header = parse_header(packet)

    assert header[:5] == (True, 96, 5, 6, 7)
    assert packet[header.payload_offset : header.payload_end] == b"data"


def test_what_the_builder_writes_aiortc_reads_alike() -> None:
    packet = rtp(b"data", csrcs=(3,), extension=one_byte_elements((1, b"0")), padding=7)

    theirs = RtpPacket.parse(packet)
    ours = parse_header(packet)

    assert theirs.payload == packet[ours.payload_offset : ours.payload_end]
    assert (theirs.sequence_number, theirs.timestamp, theirs.ssrc) == ours[2:5]
