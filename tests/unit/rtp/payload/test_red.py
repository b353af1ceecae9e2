import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.red import primary_block, remap_payload_types
from liverelay.rtp.types import PayloadType


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


MAPPING = {PayloadType(63): PayloadType(119), PayloadType(111): PayloadType(109)}


def test_every_block_is_renumbered() -> None:
    packet = bytearray(b"header" + bytes((0xEF, 0x12, 0x34, 3, 111)) + b"oldnew")

    assert remap_payload_types(packet, 6, MAPPING)

    assert packet == b"header" + bytes((0xED, 0x12, 0x34, 3, 109)) + b"oldnew"


@pytest.mark.parametrize("payload", [b"", bytes((0xEF, 0, 0, 3)), bytes((0xEF, 0, 0, 3, 50))])
def test_payload_with_a_block_that_cannot_be_renumbered_is_refused(payload: bytes) -> None:
    assert not remap_payload_types(bytearray(payload), 0, MAPPING)
