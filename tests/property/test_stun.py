from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import MalformedPacketError
from liverelay.sdp.connection import IceCredentials
from liverelay.transport.ice import local_ufrag, parse_stun
from tests.support.stun import binding_request

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
