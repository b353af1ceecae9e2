import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.red import primary_block


def test_primary_block_alone_follows_one_byte() -> None:
    assert primary_block(bytes((111,)) + b"new") == (111, 1)


def test_primary_block_is_last() -> None:
    # Two blocks of payload type 63, 3 and 0x101 bytes long, each behind four bytes of header.
    headers = bytes((0xBF, 0x00, 0x00, 3, 0xBF, 0x00, 0x01, 1, 111))
    payload = headers + bytes(3 + 0x101) + b"new"

    payload_type, offset = primary_block(payload)

    assert payload_type == 111
    assert payload[offset:] == b"new"


@pytest.mark.parametrize("payload", [b"", b"\xbf", b"\xbf\x00\x00\x01", b"\xbf\x00\x00\x01\x6f"])
def test_blocks_over_the_end_are_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        primary_block(payload)
