"""Sessions whose peers move, or restart ICE, on simulated time."""

from __future__ import annotations

from liverelay.transport.counters import CloseReason, DropReason
from liverelay.transport.peer_transport import SessionState
from tests.support.mux import HOME, OFFICE, World
from tests.support.stun import binding_request


def test_restart_moves_a_session_that_goes_on_with_its_handshake_and_its_keys() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    world.send_rtp(HOME, 1.0)

    session.restart(10.0)
    world.send_rtp(HOME, 10.1)
    assert session.transport.target.address == HOME
    session.check(OFFICE, 10.2)
    world.send_rtp(OFFICE, 10.3)

    assert session.transport.target.address == OFFICE
    assert len(session.sink.rtp) == 3
    assert len(world.tasks) == len(world.mux) == 1


def test_session_is_found_by_both_ufrags_and_then_by_the_new_one_alone() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    old = binding_request(session.credentials)
    session.restart(10.0)

    session.check(OFFICE, 10.1)
    world.mux.receive(old, HOME, 10.2)
    world.pass_time(12.1)
    assert not any(world.counters.dropped.values())
    world.mux.receive(old, HOME, 12.2)

    assert world.counters.dropped[DropReason.STUN_UNKNOWN_UFRAG] == 1
    assert session.transport.target.address == OFFICE


def test_session_that_ends_amid_a_restart_is_found_by_neither_ufrag() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    old = session.credentials
    session.restart(10.0)

    session.transport.close()
    for credentials in (old, session.credentials):
        world.mux.receive(binding_request(credentials), HOME, 10.1)

    assert world.counters.dropped[DropReason.STUN_UNKNOWN_UFRAG] == 2
    assert len(world.mux) == 0


def test_restart_keeps_a_session_without_a_path_for_another_30_seconds_and_no_longer() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    session.restart(25.0)

    world.pass_time(54.9)
    assert session.transport.target.address is None
    assert not session.sink.closed.is_set()
    world.pass_time(55.0)

    assert session.sink.reason is CloseReason.CONSENT_EXPIRED


def test_handshake_starts_with_the_credentials_of_a_restart_too() -> None:
    world = World()
    session = world.open()
    session.restart(1.0)

    session.check(HOME, 1.1)

    assert session.transport.state is SessionState.HANDSHAKING


def test_owner_is_told_when_a_peer_that_was_cut_off_is_reached_elsewhere() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    session.restart(9.0)

    # A browser sends on a path that works before it nominates it.
    session.check(OFFICE, 10.0, nominate=False)
    world.send_rtp(OFFICE, 10.1)
    assert session.sink.paths_restored == 0
    session.check(OFFICE, 10.2)
    session.check(OFFICE, 15.0)

    assert session.sink.paths_restored == 1


def test_owner_is_not_told_of_a_peer_that_moves_without_an_interruption() -> None:
    world = World()
    session = world.open()
    session.connect(HOME, 0.0)
    # It had nothing to say for a while, but has since.
    session.check(HOME, 5.0)
    world.send_rtp(HOME, 9.0)
    session.check(HOME, 9.5)
    session.restart(9.6)

    session.check(OFFICE, 10.0, nominate=False)
    session.check(OFFICE, 10.2)

    assert session.transport.target.address == OFFICE
    assert session.sink.paths_restored == 0
