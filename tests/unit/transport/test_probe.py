from __future__ import annotations

from liverelay.sdp.connection import IceCredentials
from liverelay.transport.ice import IceSession, parse_stun
from liverelay.transport.probe import BindingProbe

HOME = ("192.0.2.1", 4000)
CREDENTIALS = IceCredentials(ufrag="server", pwd="p" * 24)


def answer(probe: BindingProbe, credentials: IceCredentials = CREDENTIALS) -> bytes:
    return IceSession(credentials, 0.0).accept(parse_stun(probe.request), HOME, 0.0)


def test_probe_is_an_authentic_check() -> None:
    request = parse_stun(BindingProbe(CREDENTIALS).request)

    assert IceSession(CREDENTIALS, 0.0).authenticates(request)
    assert "USE-CANDIDATE" not in request.attributes


def test_answer_tells_where_the_probe_came_from() -> None:
    probe = BindingProbe(CREDENTIALS)

    assert probe.reflexive_address(answer(probe)) == HOME


def test_what_is_no_answer_tells_nothing() -> None:
    probe, other = BindingProbe(CREDENTIALS), BindingProbe(CREDENTIALS)
    stranger = IceCredentials(ufrag="server", pwd="q" * 24)

    assert probe.reflexive_address(b"noise") is None
    assert probe.reflexive_address(probe.request) is None
    assert probe.reflexive_address(answer(other)) is None
    assert probe.reflexive_address(answer(probe, stranger)) is None
