from liverelay.rtp.packet import parse_header
from liverelay.rtp.padding import PADDING_SIZE, padding_packet
from liverelay.rtp.types import PayloadType


def test_padding_is_all_there_is() -> None:
    packet = padding_packet(PayloadType(97))

    header = parse_header(packet)
    assert (header.payload_type, header.marker) == (97, False)
    assert header.payload_offset == header.payload_end == 12
    assert len(packet) == 12 + PADDING_SIZE
