"""Sessions and the media behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.sessions import CloseReason, Session, SessionKind, SessionRegistry

if TYPE_CHECKING:
    from collections.abc import Set

    from liverelay.store.records import Room
    from liverelay.tokens import Claims


@dataclass(frozen=True, slots=True)
class Joined:
    """What a peer that joined is told."""

    sdp: str
    session_id: str


class MediaService:
    """Opens and closes the sessions of one server."""

    def __init__(self, sessions: SessionRegistry) -> None:
        self._sessions = sessions

    async def join(self, kind: SessionKind, claims: Claims, room: Room, sdp: str) -> Joined:
        """Open a session for an offer and return its answer.

        Raises:
            RefusedError: `invalid_sdp`, `room_full`, `no_publisher_available`, `codec_mismatch`,
                `unavailable` or `peer_connection_failed`.
        """
        self._sessions.check_admission(kind, claims, room)
        raise RefusedError(ErrorCode.UNAVAILABLE, "Media is not served yet", retry_after=60)

    def close(self, session: Session, reason: CloseReason = CloseReason.CLIENT) -> None:
        self._sessions.end(session, reason)

    def close_room(self, room_id: str) -> None:
        for session in self._sessions.in_room(room_id):
            self.close(session, CloseReason.ROOM_DELETED)

    def close_keys(self, key_ids: Set[str]) -> None:
        for session in self._sessions.all():
            if session.claims.key_id in key_ids:
                self.close(session, CloseReason.KEY_REVOKED)

    def kick(self, room_id: str, peer_id: str) -> bool:
        """End all sessions of a peer in a room and return whether there were any."""
        sessions = [s for s in self._sessions.in_room(room_id) if s.peer_id == peer_id]
        for session in sessions:
            self.close(session, CloseReason.KICKED)
        return bool(sessions)

    def close_all(self) -> None:
        for session in self._sessions.all():
            self.close(session, CloseReason.DRAINING)
