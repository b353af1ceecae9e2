from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from aioice import stun

from liverelay.errors import MalformedPacketError
from liverelay.sdp.connection import IceCredentials
from liverelay.transport.ice import (
    CONSENT_LIFETIME,
    IceSession,
    generate_credentials,
    is_binding_request,
    local_ufrag,
    parse_stun,
)
from tests.support.stun import binding_request, unauthenticated_request

if TYPE_CHECKING:
    from liverelay.transport.types import Address

HOME = ("192.0.2.1", 4000)
OFFICE = ("192.0.2.2", 5000)
CREDENTIALS = IceCredentials(ufrag="server", pwd="p" * 24)


def session(now: float = 0.0) -> IceSession:
    return IceSession(CREDENTIALS, now)


def check(ice: IceSession, address: Address, now: float, *, nominate: bool = False) -> stun.Message:
    request = parse_stun(binding_request(CREDENTIALS, nominate=nominate))
    return parse_stun(ice.accept(request, address, now))


def test_generated_credentials_satisfy_rfc_8445() -> None:
    credentials = generate_credentials()

    assert len(credentials.ufrag) >= 4
    assert len(credentials.pwd) >= 22
    assert (credentials.ufrag + credentials.pwd).isalnum()


def test_credentials_do_not_show_the_password() -> None:
    assert CREDENTIALS.pwd not in repr(CREDENTIALS)


def test_response_carries_the_reflexive_address_and_our_integrity() -> None:
    request = parse_stun(binding_request(CREDENTIALS))

    response = parse_stun(session().accept(request, HOME, 0.0))

    assert response.message_class == stun.Class.RESPONSE
    assert response.transaction_id == request.transaction_id
    assert response.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert response.check_message_integrity(CREDENTIALS.pwd.encode())
    assert "FINGERPRINT" in response.attributes


def test_response_shows_a_dual_stack_address_as_ipv4() -> None:
    response = check(session(), ("::ffff:192.0.2.1", 4000, 0, 0), 0.0)

    assert response.attributes["XOR-MAPPED-ADDRESS"] == HOME


def test_response_shows_an_ipv6_address() -> None:
    response = check(session(), ("2001:db8::1", 4000, 0, 0), 0.0)

    assert response.attributes["XOR-MAPPED-ADDRESS"] == ("2001:db8::1", 4000)


def test_wrong_password_does_not_authenticate() -> None:
    request = parse_stun(binding_request(CREDENTIALS, pwd="wrong" * 5))

    assert not session().authenticates(request)


def test_right_password_authenticates() -> None:
    assert session().authenticates(parse_stun(binding_request(CREDENTIALS)))


def test_local_ufrag_is_the_first_half_of_the_username() -> None:
    assert local_ufrag(parse_stun(binding_request(CREDENTIALS))) == "server"


@pytest.mark.parametrize("username", [None, "server:peer"])
def test_local_ufrag_is_none_without_integrity(username: str | None) -> None:
    assert local_ufrag(parse_stun(unauthenticated_request(username))) is None


def test_controlled_peer_is_told_to_become_controlling() -> None:
    ice = session()
    request = parse_stun(binding_request(CREDENTIALS, role="ICE-CONTROLLED"))

    response = parse_stun(ice.refuse_role(request))

    assert ice.conflicts(request)
    assert response.message_class == stun.Class.ERROR
    assert response.error_code == 487
    assert response.check_message_integrity(CREDENTIALS.pwd.encode())


def test_nothing_is_sent_before_the_first_check() -> None:
    assert session().remote_address is None


def test_first_check_is_answered_to_before_any_nomination() -> None:
    ice = session()

    check(ice, HOME, 1.0)

    assert ice.remote_address == HOME


def test_dtls_decides_the_address_before_any_nomination() -> None:
    ice = session()
    check(ice, HOME, 1.0)
    check(ice, OFFICE, 1.0)

    ice.on_dtls(OFFICE)

    assert ice.remote_address == OFFICE


def test_nomination_decides_the_address_against_dtls() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)
    check(ice, OFFICE, 1.0)

    ice.on_dtls(OFFICE)

    assert ice.remote_address == HOME


def test_new_nomination_moves_the_session_and_drops_the_old_address() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)

    check(ice, OFFICE, 10.0, nominate=True)
    ice.handle_timeout(ice.deadline())

    assert ice.remote_address == OFFICE
    assert list(ice.paths) == [OFFICE]
    assert ice.deadline() == 10.0 + CONSENT_LIFETIME


def test_old_address_is_kept_for_packets_under_way_when_the_peer_moves() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)

    check(ice, OFFICE, 10.0, nominate=True)
    ice.handle_timeout(10.1)

    assert set(ice.paths) == {HOME, OFFICE}


def test_alternating_nominations_keep_both_paths() -> None:
    ice = session()
    for i in range(20):
        check(ice, HOME, float(i), nominate=True)
        check(ice, OFFICE, i + 0.5, nominate=True)
        ice.handle_timeout(i + 0.5)

    assert set(ice.paths) == {HOME, OFFICE}


def test_check_without_nomination_does_not_move_the_session() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)

    check(ice, OFFICE, 2.0)

    assert ice.remote_address == HOME


def test_consent_expires_30_seconds_after_the_last_check() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)
    check(ice, HOME, 20.0)

    assert ice.deadline() == 50.0
    ice.handle_timeout(49.9)
    assert ice.remote_address == HOME
    ice.handle_timeout(50.0)
    assert not ice.paths
    assert ice.remote_address is None


def test_another_living_path_takes_over_when_the_nominated_one_expires() -> None:
    ice = session()
    check(ice, HOME, 1.0, nominate=True)
    check(ice, OFFICE, 20.0)

    ice.handle_timeout(31.0)

    assert ice.remote_address == OFFICE


def test_fallback_that_expires_gives_way_to_a_living_path() -> None:
    ice = session()
    check(ice, HOME, 1.0)
    check(ice, OFFICE, 20.0)

    ice.handle_timeout(31.0)

    assert ice.remote_address == OFFICE


def test_deadline_before_the_first_check_is_one_consent_lifetime() -> None:
    assert session(now=5.0).deadline() == 5.0 + CONSENT_LIFETIME


def test_paths_are_bounded_and_the_nominated_one_stays() -> None:
    ice = session()
    check(ice, HOME, 0.0, nominate=True)

    for port in range(100):
        check(ice, ("192.0.2.9", 1000 + port), 1.0 + port / 1000)

    assert len(ice.paths) == 8
    assert HOME in ice.paths
    assert ("192.0.2.9", 1099) in ice.paths


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0",
        bytes(20),
        binding_request(CREDENTIALS)[:-1],
        struct.pack("!HHI12sHHI", 1, 8, stun.COOKIE, bytes(12), 0x0024, 4, 1)[:-1],
        # PRIORITY of two bytes: aioice raises struct.error, which is not a ValueError.
        struct.pack("!HHI12sHHHH", 1, 8, stun.COOKIE, bytes(12), 0x0024, 2, 1, 0),
    ],
    ids=["empty", "one byte", "zeros", "cut off", "cut in an attribute", "short attribute"],
)
def test_broken_stun_is_malformed(datagram: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_stun(datagram)


def test_binding_request_is_told_from_other_messages() -> None:
    indication = stun.Message(stun.Method.BINDING, stun.Class.INDICATION)

    assert is_binding_request(parse_stun(binding_request(CREDENTIALS)))
    assert not is_binding_request(indication)


NEW_CREDENTIALS = IceCredentials(ufrag="anew", pwd="q" * 24)


def restarted(at: float = 10.0) -> IceSession:
    """Return a session at home whose peer has asked for a restart."""
    ice = session()
    check(ice, HOME, at - 1.0, nominate=True)
    ice.restart(NEW_CREDENTIALS, at)
    return ice


def check_anew(ice: IceSession, address: Address, now: float, *, nominate: bool = False) -> None:
    request = parse_stun(binding_request(NEW_CREDENTIALS, nominate=nominate))
    assert ice.authenticates(request)
    response = parse_stun(ice.accept(request, address, now))
    assert response.check_message_integrity(NEW_CREDENTIALS.pwd.encode())


def test_restart_moves_nothing_until_a_new_path_is_nominated() -> None:
    ice = restarted()

    check_anew(ice, OFFICE, 10.1)

    assert ice.remote_address == HOME
    assert set(ice.paths) == {HOME, OFFICE}


def test_nomination_after_a_restart_moves_the_session() -> None:
    ice = restarted()

    check_anew(ice, OFFICE, 10.1, nominate=True)

    assert ice.remote_address == OFFICE


def test_each_check_is_answered_with_the_password_it_was_made_with() -> None:
    ice = restarted()

    response = check(ice, HOME, 10.1)
    check_anew(ice, HOME, 10.2)
    conflict = parse_stun(
        ice.refuse_role(parse_stun(binding_request(NEW_CREDENTIALS, role="ICE-CONTROLLED")))
    )

    assert response.check_message_integrity(CREDENTIALS.pwd.encode())
    assert conflict.check_message_integrity(NEW_CREDENTIALS.pwd.encode())


def test_credentials_of_one_restart_do_not_sign_for_the_other() -> None:
    request = parse_stun(binding_request(NEW_CREDENTIALS, pwd=CREDENTIALS.pwd))

    assert not restarted().authenticates(request)


def test_old_credentials_go_on_for_a_peer_that_never_uses_the_new_ones() -> None:
    ice = restarted()

    for now in range(20, 200, 10):
        check(ice, HOME, float(now), nominate=True)
        ice.handle_timeout(float(now))

    assert ice.remote_address == HOME
    assert ice.ufrags == ("server", "anew")


def test_old_credentials_are_forgotten_soon_after_the_new_ones_nominated_a_path() -> None:
    ice = restarted()
    check_anew(ice, OFFICE, 11.0, nominate=True)

    ice.handle_timeout(12.9)
    assert list(ice.ufrags) == ["server", "anew"]
    assert ice.deadline() == 13.0
    ice.handle_timeout(13.0)

    assert list(ice.ufrags) == ["anew"]
    assert list(ice.paths) == [OFFICE]
    assert ice.deadline() == 11.0 + CONSENT_LIFETIME


def test_late_check_with_old_credentials_neither_moves_the_session_back_nor_prolongs_its_path() -> (
    None
):
    ice = restarted()
    check_anew(ice, OFFICE, 11.0, nominate=True)

    response = check(ice, HOME, 11.5, nominate=True)
    ice.handle_timeout(13.0)

    assert response.message_class == stun.Class.RESPONSE
    assert ice.remote_address == OFFICE
    assert list(ice.paths) == [OFFICE]


def test_restart_from_the_same_address_keeps_it() -> None:
    ice = restarted()

    check_anew(ice, HOME, 11.0, nominate=True)
    ice.handle_timeout(13.0)

    assert ice.remote_address == HOME
    assert list(ice.paths) == [HOME]


def test_restart_takes_the_place_of_one_that_was_never_used() -> None:
    ice = restarted()

    for number in range(5):
        ice.restart(IceCredentials(f"again{number}", "r" * 24), 11.0)

    assert ice.ufrags == ("server", "again4")


def test_restart_right_after_another_keeps_the_credentials_in_use() -> None:
    ice = restarted()
    check_anew(ice, OFFICE, 11.0, nominate=True)

    ice.restart(IceCredentials("again", "r" * 24), 11.5)
    ice.handle_timeout(13.0)

    assert ice.ufrags == ("anew", "again")


def test_restart_gives_a_peer_without_a_path_time_to_come_back_but_is_not_sent_to() -> None:
    ice = restarted(at=30.0)

    ice.handle_timeout(29.0 + CONSENT_LIFETIME)
    assert ice.remote_address is None
    assert not ice.is_abandoned(59.9)
    assert ice.deadline() == 60.0
    check_anew(ice, OFFICE, 59.9)
    assert not ice.is_abandoned(60.0)

    assert ice.remote_address == OFFICE


def test_restart_that_leads_nowhere_ends_in_time() -> None:
    ice = restarted(at=30.0)

    ice.handle_timeout(60.0)

    assert ice.is_abandoned(60.0)
