from __future__ import annotations

import pytest

from liverelay.errors import RemoteError
from liverelay.loadtest.negotiation import read_answer

ANSWER = (
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    "m=audio 0 UDP/TLS/RTP/SAVPF 111",
    "m=video 8080 UDP/TLS/RTP/SAVPF 96",
    "a=ice-ufrag:relay",
    "a=ice-pwd:0123456789abcdefghijklmn",
    "a=fingerprint:sha-1 AA:BB",
    "a=fingerprint:SHA-256 aa:bb",
    "a=setup:passive",
    "a=extmap:5/sendonly urn:example",
    "a=candidate:1 1 udp 100 192.0.2.7 8080 typ host",
    "a=candidate:2 1 udp 200 192.0.2.8 8080 typ host",
    "a=candidate:3 1 udp 300 fd00::1 8080 typ host",
    "a=candidate:4 1 tcp 400 192.0.2.9 8080 typ host",
    "a=candidate:5 1 udp 500 0b1c.local 8080 typ host",
)


def sdp(*, without: str = "nothing") -> str:
    return "\r\n".join(line for line in ANSWER if without not in line)


def test_an_answer_is_read_from_its_first_live_section() -> None:
    negotiated = read_answer(sdp())

    addresses = (("fd00::1", 8080), ("192.0.2.8", 8080), ("192.0.2.7", 8080))
    assert negotiated.remote.addresses == addresses
    assert negotiated.remote.fingerprints == (("sha-256", "AA:BB"),)
    assert negotiated.remote.ufrag == "relay"
    assert negotiated.setup == "active"
    assert negotiated.extension_ids == {"urn:example": 5}


def test_an_active_server_makes_us_passive() -> None:
    assert read_answer(sdp().replace("setup:passive", "setup:active")).setup == "passive"


@pytest.mark.parametrize("missing", ["m=video", "ice-ufrag", "ice-pwd", "candidate"])
def test_an_answer_that_lacks_what_a_connection_needs_is_refused(missing: str) -> None:
    with pytest.raises(RemoteError):
        read_answer(sdp(without=missing))
