"""Who is in which room: the bookkeeping of sessions and the rules of joining.

No media and no I/O here. A session is registered before its answer is sent, so two requests that
arrive together cannot both take the last place; it counts as present once it is connected.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.store.records import RoomType
from liverelay.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.store.records import Room
    from liverelay.tokens import Claims

_CALL_SIZE = 2

# A client that lost its connection asks why within seconds to minutes; 200 bytes each.
_MAX_REMEMBERED = 10_000


class SessionKind(StrEnum):
    """What a session's connection carries; the names are those of the endpoints."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    CALL = "call"

    @property
    def sends(self) -> bool:
        """Whether the peer sends media to the server."""
        return self is not SessionKind.SUBSCRIBE

    @property
    def receives(self) -> bool:
        """Whether the peer receives media from the server."""
        return self is not SessionKind.PUBLISH


class SessionState(StrEnum):
    """Where a session is in its life."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    CLOSED = "closed"


class CloseReason(Enum):
    """Why a session ended; the value is the sentence for its peer and for the log."""

    LEFT = "The peer left"
    CONNECTION = "The connection ended"
    REPLACED = "The same token joined again"
    KICKED = "The peer was removed from the room"
    ROOM_DELETED = "The room was deleted"
    KEY_REVOKED = "The API key was revoked"
    DRAINING = "The server is shutting down"


@dataclass(slots=True, eq=False)
class Session:
    """One connection of a peer. `opened_at` is monotonic seconds."""

    session_id: str
    kind: SessionKind
    claims: Claims
    opened_at: float
    state: SessionState = SessionState.CONNECTING
    close_reason: CloseReason | None = None

    @property
    def peer_id(self) -> str:
        return self.claims.sub

    @property
    def room_id(self) -> str:
        return self.claims.room_id

    @property
    def is_exclusive(self) -> bool:
        """Whether the peer has one session of its kind at most.

        Not so for viewers: a backend may hand one subscribe token to all of them, as the
        documentation's own example does, and none of them may push out another (docs/adr/004).
        """
        return self.claims.role is not Role.SUBSCRIBE

    def replaces(self, other: Session) -> bool:
        """Return whether `other` has to go when this session of the same peer begins."""
        return self.is_exclusive and (
            (self.kind.sends and other.kind.sends) or (self.kind.receives and other.kind.receives)
        )

    @property
    def is_connected(self) -> bool:
        return self.state is SessionState.CONNECTED


class SessionRegistry:
    """All open sessions of one server, by room."""

    def __init__(self, max_sessions: int) -> None:
        self._max_sessions = max_sessions
        self._sessions: dict[str, Session] = {}
        self._rooms: dict[str, dict[str, Session]] = {}
        self._ended: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def require(self, session_id: str, peer_id: str) -> Session:
        """Return a session of `peer_id` that is open or ended not long ago.

        Raises:
            RefusedError: `not_found`.
        """
        session = self._sessions.get(session_id) or self._ended.get(session_id)
        if session is None or session.peer_id != peer_id:
            raise RefusedError(ErrorCode.NOT_FOUND, "No such session of this token")
        return session

    def all(self) -> tuple[Session, ...]:
        return tuple(self._sessions.values())

    def in_room(self, room_id: str) -> tuple[Session, ...]:
        return tuple(self._rooms.get(room_id, {}).values())

    def publisher_total(self) -> int:
        """Return how many connected sessions send, over all rooms."""
        return sum(s.is_connected and s.kind.sends for s in self._sessions.values())

    def subscriber_total(self) -> int:
        """Return how many connected sessions receive, over all rooms."""
        return sum(s.is_connected and s.kind.receives for s in self._sessions.values())

    def publisher_count(self, room_id: str) -> int:
        return sum(s.is_connected and s.kind.sends for s in self.in_room(room_id))

    def subscriber_count(self, room_id: str) -> int:
        return sum(s.is_connected and s.kind.receives for s in self.in_room(room_id))

    def sending_since(self, room_id: str) -> float | None:
        """Return when the oldest connected session that sends was opened; None without one."""
        sending = [s for s in self.in_room(room_id) if s.is_connected and s.kind.sends]
        return min((s.opened_at for s in sending), default=None)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return publishers and subscribers of each room that has sessions."""
        return {
            room_id: (self.publisher_count(room_id), self.subscriber_count(room_id))
            for room_id in self._rooms
        }

    def replaced_by(self, session: Session) -> list[Session]:
        """Return the peer's own sessions whose place a new one takes."""
        if not session.is_exclusive:
            return []
        return [
            other
            for other in self.in_room(session.room_id)
            if other.peer_id == session.peer_id and session.replaces(other)
        ]

    def check_resumption(self, previous_session_id: object, claims: Claims) -> None:
        """Check that the session which a client wants to take up again was not ended on purpose.

        Clients reconnect by themselves. One that was kicked must not, and of two pages with one
        token the one that was replaced must not, or they would replace each other for ever.

        Raises:
            RefusedError: `session_ended`.
        """
        session = self._ended.get(str(previous_session_id))
        if session is None or session.peer_id != claims.sub:
            return
        if session.close_reason in (CloseReason.KICKED, CloseReason.REPLACED):
            raise RefusedError(ErrorCode.SESSION_ENDED, session.close_reason.value)

    def check_admission(self, session: Session, room: Room) -> None:
        """Check that a new session may be added.

        Raises:
            RefusedError: `room_full`, `no_publisher_available`, or `unavailable` if the server
                has as many sessions as it may.
        """
        replaced = self.replaced_by(session)
        # Looked at only as far as is needed: of a viewer's others there may be thousands.
        others = (s for s in self.in_room(room.room_id) if s.peer_id != session.peer_id)
        if session.kind is SessionKind.SUBSCRIBE:
            if not any(other.kind.sends for other in others):
                raise RefusedError(ErrorCode.NO_PUBLISHER_AVAILABLE)
        elif not any(own.kind.sends for own in replaced) and _is_full(room, others):
            # Who reloads a page has its place already, whoever else has come since.
            raise RefusedError(ErrorCode.ROOM_FULL)
        if len(self._sessions) - len(replaced) >= self._max_sessions:
            raise RefusedError(
                ErrorCode.UNAVAILABLE, "Server has as many sessions as it may", retry_after=5
            )

    def add(self, session: Session) -> None:
        self._sessions[session.session_id] = session
        self._rooms.setdefault(session.room_id, {})[session.session_id] = session

    def end(self, session: Session, reason: CloseReason) -> bool:
        """Take a session out of its room and return whether it was in; remember why it ended."""
        if self._sessions.pop(session.session_id, None) is None:
            return False
        session.state = SessionState.CLOSED
        session.close_reason = reason
        room = self._rooms[session.room_id]
        del room[session.session_id]
        if not room:
            del self._rooms[session.room_id]
        self._ended[session.session_id] = session
        if len(self._ended) > _MAX_REMEMBERED:
            self._ended.popitem(last=False)
        return True


def _is_full(room: Room, others: Iterable[Session]) -> bool:
    """Return whether the sessions of other peers leave no place for one more that sends."""
    if room.room_type is RoomType.BROADCAST:
        return any(other.kind.sends for other in others)
    peers = {other.peer_id for other in others if other.claims.role is not Role.SUBSCRIBE}
    return len(peers) >= _CALL_SIZE
