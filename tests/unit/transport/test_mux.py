"""Sessions on simulated time: no socket, no event loop, no handshake."""

from __future__ import annotations

import struct

import pytest
from aioice import stun

from liverelay.transport.counters import CloseReason, DropReason
from liverelay.transport.ice import parse_stun
from liverelay.transport.peer_transport import SessionState
from liverelay.transport.srtp import SrtpInbound, SrtpOutbound
from tests.support.mux import HELLO, HOME, OFFICE, World
from tests.support.srtp import inbound_session, outbound_session
from tests.support.stun import binding_request
from tests.support.wire import Wire


def test_first_check_is_answered_and_starts_the_one_handshake() -> None:
    world = World()
    session = world.open()

    session.check(HOME, 1.0)
    session.check(HOME, 1.1)

    response = parse_stun(world.wire.sent[0][0])
    assert world.wire.sent[0][1] == HOME
    assert response.message_class == stun.Class.RESPONSE
    assert world.tasks == [f"dtls {session.credentials.ufrag}"]
    assert session.transport.state is SessionState.HANDSHAKING


def test_session_without_a_check_ends_after_30_seconds_and_says_so() -> None:
    world = World()
    session = world.open()

    world.pass_time(29.9)
    assert not session.sink.closed.is_set()
    world.pass_time(30.0)

    assert session.sink.reason is CloseReason.NO_CHECK
    assert "UDP port" in session.sink.detail
    assert world.counters.closed[CloseReason.NO_CHECK] == 1
    assert len(world.mux) == 0


def test_handshake_that_does_not_finish_ends_after_10_seconds_and_says_so() -> None:
    world = World()
    session = world.open()
    session.check(HOME, 5.0)

    world.pass_time(14.9)
    assert not session.sink.closed.is_set()
    world.pass_time(15.0)

    assert session.sink.reason is CloseReason.HANDSHAKE_TIMEOUT
    assert world.counters.closed[CloseReason.HANDSHAKE_TIMEOUT] == 1


def test_consent_is_refreshed_by_checks_and_then_expires() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    for now in range(5, 100, 5):
        session.check(HOME, float(now), nominate=False)
        world.pass_time(float(now))
    assert not session.sink.closed.is_set()
    world.pass_time(95.0 + 30.0)

    assert session.sink.reason is CloseReason.CONSENT_EXPIRED
    assert session.transport.target.address is None
    assert len(world.mux) == 0


def test_media_stands_in_for_checks() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    for now in (29.0, 50.0):
        world.send_rtp(HOME, now)
        world.pass_time(now + 29.9)
        assert session.transport.target.address == HOME
    world.pass_time(80.1)

    assert session.sink.reason is CloseReason.CONSENT_EXPIRED


def test_media_does_not_keep_a_path_that_the_peer_is_leaving() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    session.check(OFFICE, 20.0, nominate=False)
    world.send_rtp(OFFICE, 29.0)
    world.pass_time(30.1)

    assert session.transport.target.address == OFFICE


def test_peer_that_moves_is_sent_to_at_once_and_its_old_address_is_dropped() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    session.check(OFFICE, 10.0)
    assert session.transport.target.address == OFFICE
    world.send_rtp(HOME, 10.1)
    world.pass_time(12.0)
    world.send_rtp(HOME, 12.1)
    world.send_rtp(OFFICE, 12.1)

    assert len(session.sink.rtp) == 2
    assert world.counters.dropped[DropReason.SRTP_STRANGER] == 1


def test_address_of_a_silent_session_goes_to_the_next_one() -> None:
    world = World()
    gone, come = world.open(), world.open()
    gone.connect(HOME, 0.0)

    come.connect(HOME, 6.0)
    world.send_rtp(HOME, 6.1)

    assert len(come.sink.rtp) == 1
    assert not gone.sink.rtp


def test_address_of_a_living_session_stays_with_it() -> None:
    world = World()
    living, other = world.open(), world.open()
    living.connect(HOME, 0.0)
    world.send_rtp(HOME, 5.0)

    other.check(HOME, 6.0)
    world.send_rtp(HOME, 6.1)

    assert len(living.sink.rtp) == 2
    assert other.transport.state is SessionState.WAITING
    assert world.counters.dropped[DropReason.STUN_ADDRESS_IN_USE] == 1


def test_session_that_lost_its_address_does_not_take_the_next_one_down() -> None:
    world = World()
    gone, come = world.open(), world.open()
    gone.connect(HOME, 0.0)
    come.connect(HOME, 6.0)

    gone.transport.close()
    world.send_rtp(HOME, 6.1)

    assert len(come.sink.rtp) == 1


def test_controlled_peer_is_answered_and_gains_nothing() -> None:
    world = World()
    session = world.open()

    world.mux.receive(binding_request(session.credentials, role="ICE-CONTROLLED"), HOME, 1.0)
    world.mux.receive(HELLO, HOME, 1.0)

    assert parse_stun(world.wire.sent[0][0]).error_code == 487
    assert session.transport.state is SessionState.WAITING
    assert world.counters.dropped[DropReason.STUN_ROLE_CONFLICT] == 1


def test_packets_before_the_keys_are_kept_in_order_up_to_a_bound() -> None:
    world = World()
    session = world.open()
    session.check(HOME, 0.0)

    for _ in range(70):
        world.send_rtp(HOME, 0.1)
    session.transport.on_dtls_connected(
        SrtpInbound(inbound_session()), SrtpOutbound(outbound_session()), 0.2
    )

    numbers = [int.from_bytes(packet[2:4], "big") for packet in session.sink.rtp]
    assert numbers == list(range(1, 65))
    assert world.counters.dropped[DropReason.SRTP_EARLY] == 6


def test_rtcp_before_the_keys_is_kept_too() -> None:
    world = World()
    session = world.open()
    session.check(HOME, 0.0)
    report = struct.pack("!BBHI", 0x80, 201, 1, 7)

    world.mux.receive(outbound_session().protect_rtcp(report), HOME, 0.1)
    session.transport.on_dtls_connected(
        SrtpInbound(inbound_session()), SrtpOutbound(outbound_session()), 0.2
    )

    assert session.sink.rtcp == [report]


def test_dtls_beyond_the_inbox_is_counted() -> None:
    world = World()
    session = world.open()
    session.check(HOME, 0.0)

    for _ in range(40):
        world.mux.receive(HELLO, HOME, 0.1)

    assert world.counters.dropped[DropReason.DTLS_OVERFLOW] == 8


@pytest.mark.parametrize(
    ("error", "full", "failed"), [(BlockingIOError, 1, 0), (PermissionError, 0, 1)]
)
def test_answer_that_the_kernel_refuses_is_counted(
    error: type[OSError], full: int, failed: int
) -> None:
    world = World(Wire(room=0, error=error))

    world.open().check(HOME, 0.0)

    assert (world.counters.unsent_full, world.counters.unsent_failed) == (full, failed)


def test_rtcp_is_not_sent_without_keys() -> None:
    world = World()
    session = world.open()
    session.check(HOME, 0.0)

    session.transport.send_rtcp(b"")

    assert world.counters.unsent_unready == 1


def test_rtcp_that_cannot_be_protected_is_counted() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    session.transport.send_rtcp(bytes(9000))

    assert world.counters.unsent_failed == 1


def test_closed_session_hears_and_sends_nothing_more() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)

    session.transport.close()
    session.transport.close()
    session.check(HOME, 0.1)
    world.send_rtp(HOME, 0.1)
    session.transport.on_dtls_connected(
        SrtpInbound(inbound_session()), SrtpOutbound(outbound_session()), 0.2
    )
    session.transport.send_rtcp(b"")

    assert session.transport.state is SessionState.CLOSED
    assert not session.sink.rtp
    assert not session.sink.closed.is_set()
    assert world.counters.closed[CloseReason.LOCAL] == 1
    assert world.counters.dropped[DropReason.STUN_UNKNOWN_UFRAG] == 1
    assert len(world.mux) == 0


def test_sessions_that_come_and_go_leave_no_deadline_behind() -> None:
    world = World()
    for _ in range(20):
        session = world.open()
        session.connect(HOME, 0.0)
        session.transport.close()

    world.pass_time(40.0)

    assert world.mux.deadline() is None
