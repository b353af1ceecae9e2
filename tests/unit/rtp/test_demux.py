import pytest

from liverelay.rtp.demux import DatagramKind, classify
from tests.support.packets import rtp


@pytest.mark.parametrize("datagram", [b"", b"\x00", b"\x80"])
def test_datagram_of_fewer_than_two_bytes_is_nobodys(datagram: bytes) -> None:
    assert classify(datagram) is DatagramKind.UNKNOWN


@pytest.mark.parametrize(
    ("first_bytes", "kind"),
    [
        ((0, 3), DatagramKind.STUN),
        ((20, 63), DatagramKind.DTLS),
        ((128, 191), DatagramKind.RTP),
        ((4, 19), DatagramKind.UNKNOWN),
        ((64, 127), DatagramKind.UNKNOWN),
        ((192, 255), DatagramKind.UNKNOWN),
    ],
)
def test_first_byte_decides_at_both_ends_of_its_range(
    first_bytes: tuple[int, int], kind: DatagramKind
) -> None:
    assert [classify(bytes((first_byte, 0))) for first_byte in first_bytes] == [kind, kind]


@pytest.mark.parametrize("packet_type", [192, 200, 206, 223])
def test_second_byte_tells_rtcp_from_rtp(packet_type: int) -> None:
    assert classify(bytes((0x80, packet_type))) is DatagramKind.RTCP


@pytest.mark.parametrize("payload_type", [0, 63, 96, 127])
def test_rtp_with_marker_is_not_taken_for_rtcp(payload_type: int) -> None:
    assert classify(rtp(payload_type=payload_type, marker=True)) is DatagramKind.RTP
