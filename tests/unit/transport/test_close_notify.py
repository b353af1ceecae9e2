"""Recognising the peer's last word; what OpenSSL makes of ours is in `test_dtls`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.transport.close_notify import _SUITES, CloseNotifier

SECRETS = (bytes(48), bytes(range(32)), bytes(32))
SUITES = pytest.mark.parametrize("name", _SUITES)


def ends(name: str) -> tuple[CloseNotifier, CloseNotifier]:
    suite = _SUITES[name]
    return (
        CloseNotifier(suite, SECRETS, is_client=True),
        CloseNotifier(suite, SECRETS, is_client=False),
    )


@SUITES
def test_each_end_recognises_the_other_and_not_itself(name: str) -> None:
    client, server = ends(name)

    assert server.ends(client.write())
    assert client.ends(server.write())
    assert not client.ends(client.write())


@SUITES
def test_close_notify_is_found_behind_another_record(name: str) -> None:
    client, server = ends(name)
    other = b"\x16\xfe\xfd" + bytes(8) + b"\0\5hello"

    assert server.ends(other + client.write())


@SUITES
@given(place=st.integers(0, 40), change=st.integers(1, 255))
def test_changed_close_notify_is_not_the_peers(name: str, place: int, change: int) -> None:
    client, server = ends(name)
    datagram = bytearray(client.write())
    place %= len(datagram)

    datagram[place] ^= change

    assert not server.ends(bytes(datagram))


@SUITES
@given(datagram=st.binary(max_size=100))
def test_arbitrary_datagrams_end_nothing(name: str, datagram: bytes) -> None:
    assert not ends(name)[1].ends(datagram)
