from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liverelay.errors import RefusedError
from liverelay.server.sessions import (
    CloseReason,
    Session,
    SessionKind,
    SessionRegistry,
    SessionState,
)
from liverelay.store.records import Room, RoomType
from liverelay.tokens import Claims, Role

PUBLISH, SUBSCRIBE, CALL = SessionKind.PUBLISH, SessionKind.SUBSCRIBE, SessionKind.CALL

ROOM_ID = "8271274b-fc62-4b73-98c5-40e28b7a1b81"
MADE = datetime(2026, 1, 1, tzinfo=UTC)
BROADCAST = Room(ROOM_ID, RoomType.BROADCAST, MADE)
CALL_ROOM = Room(ROOM_ID, RoomType.CALL, MADE)

# Who is in the room, as pairs of peer and kind, and what a peer "me" that joins as `kind` is told.
ADMISSION = [
    (BROADCAST, [], PUBLISH, None),
    (BROADCAST, [("me", PUBLISH)], PUBLISH, None),
    (BROADCAST, [("ann", PUBLISH)], PUBLISH, "room_full"),
    (BROADCAST, [("ann", SUBSCRIBE)], PUBLISH, None),
    (BROADCAST, [("me", PUBLISH), ("ann", SUBSCRIBE)], PUBLISH, None),
    (BROADCAST, [], SUBSCRIBE, "no_publisher_available"),
    (BROADCAST, [("ann", SUBSCRIBE)], SUBSCRIBE, "no_publisher_available"),
    (BROADCAST, [("me", PUBLISH)], SUBSCRIBE, "no_publisher_available"),
    (BROADCAST, [("ann", PUBLISH)], SUBSCRIBE, None),
    (BROADCAST, [("ann", PUBLISH), ("me", SUBSCRIBE)], SUBSCRIBE, None),
    (CALL_ROOM, [], CALL, None),
    (CALL_ROOM, [("ann", CALL)], CALL, None),
    (CALL_ROOM, [("ann", CALL), ("bob", CALL)], CALL, "room_full"),
    (CALL_ROOM, [("ann", CALL), ("me", CALL)], CALL, None),
    (CALL_ROOM, [("ann", PUBLISH), ("ann", SUBSCRIBE)], CALL, None),
    (CALL_ROOM, [("ann", PUBLISH), ("bob", SUBSCRIBE)], CALL, "room_full"),
    (CALL_ROOM, [("ann", CALL), ("bob", PUBLISH)], PUBLISH, "room_full"),
    (CALL_ROOM, [("ann", CALL)], PUBLISH, None),
    (CALL_ROOM, [("me", PUBLISH)], SUBSCRIBE, "no_publisher_available"),
    (CALL_ROOM, [("me", CALL)], SUBSCRIBE, "no_publisher_available"),
    (CALL_ROOM, [("ann", SUBSCRIBE)], SUBSCRIBE, "no_publisher_available"),
    (CALL_ROOM, [("ann", CALL)], SUBSCRIBE, None),
    (CALL_ROOM, [("ann", PUBLISH), ("me", PUBLISH)], SUBSCRIBE, None),
]

# Whether a new session of the first kind takes the place of the peer's own of the second.
REPLACING = [
    (PUBLISH, PUBLISH, True),
    (PUBLISH, SUBSCRIBE, False),
    (PUBLISH, CALL, True),
    (SUBSCRIBE, PUBLISH, False),
    (SUBSCRIBE, SUBSCRIBE, True),
    (SUBSCRIBE, CALL, True),
    (CALL, PUBLISH, True),
    (CALL, SUBSCRIBE, True),
    (CALL, CALL, True),
]


def claims_of(peer: str, role: Role = Role.CALL, room_id: str = ROOM_ID) -> Claims:
    return Claims(peer, room_id, role, "lr_aebfc", exp=60, iat=0)


def make_session(
    peer: str,
    kind: SessionKind,
    *,
    number: int = 0,
    state: SessionState = SessionState.CONNECTED,
    room_id: str = ROOM_ID,
    role: Role = Role.CALL,
) -> Session:
    claims = claims_of(peer, role, room_id)
    return Session(f"{room_id}-{peer}-{kind}-{number}", kind, claims, opened_at=0.0, state=state)


def registry_with(*sessions: Session, max_sessions: int = 100) -> SessionRegistry:
    registry = SessionRegistry(max_sessions)
    for session in sessions:
        registry.add(session)
    return registry


@pytest.mark.parametrize(("room", "present", "kind", "code"), ADMISSION)
@pytest.mark.parametrize("state", [SessionState.CONNECTING, SessionState.CONNECTED])
def test_who_may_join_depends_on_who_is_in(
    room: Room,
    present: list[tuple[str, SessionKind]],
    kind: SessionKind,
    code: str | None,
    state: SessionState,
) -> None:
    registry = registry_with(*(make_session(peer, its, state=state) for peer, its in present))
    told = None

    try:
        registry.check_admission(make_session("me", kind, number=9), room)
    except RefusedError as error:
        told = error.code.value

    assert told == code


def test_a_subscriber_does_not_take_a_place_in_a_call() -> None:
    watching = make_session("eve", SUBSCRIBE, role=Role.SUBSCRIBE)
    registry = registry_with(watching, make_session("ann", CALL))

    registry.check_admission(make_session("me", CALL, number=9), CALL_ROOM)


def test_sessions_of_other_rooms_do_not_count() -> None:
    registry = registry_with(make_session("ann", PUBLISH, room_id="elsewhere"))

    registry.check_admission(make_session("me", PUBLISH, number=9), BROADCAST)

    with pytest.raises(RefusedError, match="Room has no active publisher"):
        registry.check_admission(make_session("me", SUBSCRIBE, number=9), BROADCAST)


def test_a_place_is_free_again_once_its_session_ended() -> None:
    session = make_session("ann", PUBLISH)
    registry = registry_with(session)
    registry.end(session, CloseReason.KICKED)

    registry.check_admission(make_session("me", PUBLISH, number=9), BROADCAST)


def test_a_server_with_all_its_sessions_taken_is_unavailable() -> None:
    registry = registry_with(make_session("ann", PUBLISH), max_sessions=1)

    with pytest.raises(RefusedError) as caught:
        registry.check_admission(make_session("me", SUBSCRIBE, number=9), BROADCAST)

    assert caught.value.code.value == "unavailable"
    assert caught.value.retry_after == 5


def test_a_reload_is_let_in_although_all_sessions_are_taken() -> None:
    registry = registry_with(make_session("me", PUBLISH), max_sessions=1)

    registry.check_admission(make_session("me", PUBLISH, number=9), BROADCAST)


@pytest.mark.parametrize(("new", "old", "replaces"), REPLACING)
def test_a_new_session_replaces_the_peers_own_of_the_same_direction(
    new: SessionKind, old: SessionKind, replaces: bool
) -> None:
    session = make_session("me", old)
    registry = registry_with(session, make_session("ann", old))

    replaced = registry.replaced_by(make_session("me", new, number=9))

    assert replaced == ([session] if replaces else [])


def test_viewers_that_share_a_token_do_not_push_out_each_other() -> None:
    registry = registry_with(make_session("me", SUBSCRIBE, role=Role.SUBSCRIBE))

    newcomer = make_session("me", SUBSCRIBE, number=9, role=Role.SUBSCRIBE)

    assert registry.replaced_by(newcomer) == []


def test_a_call_replaces_both_of_the_peers_split_sessions() -> None:
    split = [make_session("me", PUBLISH), make_session("me", SUBSCRIBE)]
    registry = registry_with(*split)

    assert registry.replaced_by(make_session("me", CALL, number=9)) == split


def test_counts_are_of_connected_peers_by_direction() -> None:
    registry = registry_with(
        make_session("ann", CALL),
        make_session("bob", PUBLISH),
        make_session("bob", SUBSCRIBE),
        make_session("eve", SUBSCRIBE, state=SessionState.CONNECTING),
        make_session("joe", SUBSCRIBE, room_id="elsewhere"),
    )

    assert registry.publisher_count(ROOM_ID) == 2
    assert registry.subscriber_count(ROOM_ID) == 2
    assert registry.subscriber_total() == 3
    assert registry.publisher_count("nowhere") == 0
    assert len(registry) == 5


def test_viewers_that_share_a_token_count_each() -> None:
    registry = registry_with(
        make_session("ann", SUBSCRIBE, number=1, role=Role.SUBSCRIBE),
        make_session("ann", SUBSCRIBE, number=2, role=Role.SUBSCRIBE),
    )

    assert registry.subscriber_count(ROOM_ID) == registry.subscriber_total() == 2
    assert registry.counts() == {ROOM_ID: (0, 2)}


def test_ending_a_session_takes_it_out_and_remembers_why() -> None:
    session = make_session("ann", PUBLISH)
    registry = registry_with(session)

    ended = registry.end(session, CloseReason.KICKED)

    found = registry.require(session.session_id, "ann")
    assert ended
    assert found.state is SessionState.CLOSED
    assert found.close_reason is CloseReason.KICKED
    assert registry.in_room(ROOM_ID) == registry.all() == ()


@pytest.mark.parametrize(
    ("reason", "is_refused"),
    [
        (CloseReason.KICKED, True),
        (CloseReason.REPLACED, True),
        (CloseReason.LEFT, False),
        (CloseReason.CONNECTION, False),
        (CloseReason.DRAINING, False),
    ],
)
def test_a_session_that_was_ended_on_purpose_is_not_taken_up_again(
    reason: CloseReason, is_refused: bool
) -> None:
    session = make_session("me", CALL)
    registry = registry_with(session)
    registry.end(session, reason)
    told = None

    try:
        registry.check_resumption(session.session_id, claims_of("me"))
    except RefusedError as error:
        told = error.code.value

    assert told == ("session_ended" if is_refused else None)


@pytest.mark.parametrize("previous", [None, "", "unknown", 5, ["x"], {"a": 1}])
def test_resuming_what_is_not_known_is_a_plain_join(previous: object) -> None:
    registry = registry_with(make_session("me", CALL))

    registry.check_resumption(previous, claims_of("me"))


def test_resuming_the_session_of_another_peer_is_a_plain_join() -> None:
    session = make_session("ann", CALL)
    registry = registry_with(session)
    registry.end(session, CloseReason.KICKED)

    registry.check_resumption(session.session_id, claims_of("me"))


def test_the_first_reason_for_ending_stays() -> None:
    session = make_session("ann", PUBLISH)
    registry = registry_with(session)
    registry.end(session, CloseReason.KICKED)

    again = registry.end(session, CloseReason.ROOM_DELETED)

    assert not again
    assert session.close_reason is CloseReason.KICKED


@pytest.mark.parametrize("peer", ["bob", "", "ANN"])
def test_a_session_is_shown_to_its_own_peer_only(peer: str) -> None:
    session = make_session("ann", PUBLISH)
    registry = registry_with(session)

    with pytest.raises(RefusedError, match="No such session of this token"):
        registry.require(session.session_id, peer)


def test_ended_sessions_are_remembered_up_to_a_bound() -> None:
    registry = SessionRegistry(max_sessions=100)
    for number in range(10_001):
        session = make_session("ann", PUBLISH, number=number)
        registry.add(session)
        registry.end(session, CloseReason.KICKED)

    assert registry.require(f"{ROOM_ID}-ann-publish-1", "ann").state is SessionState.CLOSED
    with pytest.raises(RefusedError):
        registry.require(f"{ROOM_ID}-ann-publish-0", "ann")
