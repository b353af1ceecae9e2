from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import MalformedPacketError
from liverelay.sdp.connection import IceCredentials
from liverelay.transport.binding_response import binding_success
from liverelay.transport.ice import local_ufrag, parse_stun
from tests.support.stun import binding_request

if TYPE_CHECKING:
    from liverelay.transport.types import Address

REQUEST = binding_request(IceCredentials(ufrag="server", pwd="p" * 24), nominate=True)


@given(st.binary(max_size=64))
def test_parse_stun_raises_nothing_but_malformed_packet(datagram: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        parse_stun(b"\0\1" + len(datagram).to_bytes(2, "big") + REQUEST[4:20] + datagram)


@given(st.integers(0, len(REQUEST) - 1), st.integers(0, 255))
def test_damaged_check_is_malformed_or_names_a_ufrag(position: int, value: int) -> None:
    damaged = bytearray(REQUEST)
    damaged[position] = value

    with contextlib.suppress(MalformedPacketError):
        local_ufrag(parse_stun(bytes(damaged)))


@given(
    transaction_id=st.binary(min_size=12, max_size=12),
    ip=st.ip_addresses(),
    port=st.integers(0, 65535),
    key=st.binary(min_size=1, max_size=64),
)
def test_response_is_the_one_that_aioice_writes(
    transaction_id: bytes, ip: IPv4Address | IPv6Address, port: int, key: bytes
) -> None:
    address: Address = (str(ip), port) if ip.version == 4 else (str(ip), port, 0, 0)
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    expected = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": (str(mapped or ip), port)},
    )
    expected.add_message_integrity(key)

    assert binding_success(transaction_id, address, key) == bytes(expected)
