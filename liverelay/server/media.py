"""Joining and leaving: from an offer to a session whose media flows, and to its end.

The rules of who may join are in `sessions`, what is answered in `sdp`, what is forwarded in `sfu`;
here they meet, in the contract's order.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import (
    CodecMismatchError,
    ErrorCode,
    RefusedError,
    SdpError,
    SessionMismatchError,
    TransportError,
)
from liverelay.rtp.types import Ssrc
from liverelay.sdp.answer import LocalEnd, Purpose, SectionSsrcs, answer
from liverelay.sdp.connection import Fingerprint
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import MediaKind
from liverelay.server.context import now
from liverelay.server.joined_session import JoinedSession
from liverelay.server.preferences import read_preference
from liverelay.server.sessions import (
    CloseReason,
    Session,
    SessionKind,
    SessionRegistry,
    SessionState,
)
from liverelay.server.turns import Turns
from liverelay.transport.counters import CloseReason as ConnectionEnd
from liverelay.transport.ice import generate_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from liverelay.sdp.agreement import Agreement
    from liverelay.sdp.connection import Candidate
    from liverelay.sdp.parameters import Codec, ReceiveParameters
    from liverelay.server.announcer import Announcer
    from liverelay.server.metrics.timings import Timings
    from liverelay.server.room_events import RoomEvents
    from liverelay.server.worker import MediaWorker
    from liverelay.store.records import Room
    from liverelay.tokens import Claims

logger = logging.getLogger(__name__)

_PURPOSES = {
    SessionKind.PUBLISH: Purpose.PUBLISH,
    SessionKind.SUBSCRIBE: Purpose.SUBSCRIBE,
    SessionKind.CALL: Purpose.CALL,
}

_OFFER_ERRORS: dict[type[SdpError], ErrorCode] = {
    CodecMismatchError: ErrorCode.CODEC_MISMATCH,
    SessionMismatchError: ErrorCode.SESSION_MISMATCH,
}

# Ends that nobody chose: the operator should see them, and what to do about them.
_HINTS = {
    ConnectionEnd.NO_CHECK: "; is the UDP port open and --public-address right? (liverelay doctor)",
    ConnectionEnd.HANDSHAKE_TIMEOUT: "",
    ConnectionEnd.HANDSHAKE_FAILED: "",
    ConnectionEnd.WRONG_FINGERPRINT: "",
    ConnectionEnd.NO_SRTP_PROFILE: "",
}


@dataclass(frozen=True, slots=True)
class Joined:
    """What a peer that joined is told."""

    sdp: str
    session_id: str


class MediaService:
    """Opens and closes the sessions of one server."""

    def __init__(
        self,
        sessions: SessionRegistry,
        worker: MediaWorker,
        candidates: Sequence[Candidate],
        announcer: Announcer,
        timings: Timings,
        room_events: RoomEvents,
    ) -> None:
        self._timings = timings
        self._announcer = announcer
        self._room_events = room_events
        self._sessions = sessions
        self._worker = worker
        self._candidates = tuple(candidates)
        self._joined: dict[str, JoinedSession] = {}

    def join(
        self,
        kind: SessionKind,
        claims: Claims,
        room: Room,
        sdp: str,
        *,
        previous_session_id: object = None,
    ) -> Joined:
        """Open a session for an offer and return its answer.

        Args:
            kind: Which endpoint was asked.
            claims: The peer's verified token.
            room: The room that the token is for.
            sdp: The offer.
            previous_session_id: The session that this one takes up again, if any.

        Raises:
            RefusedError: `invalid_sdp`, `session_ended`, `room_full`, `no_publisher_available`,
                `codec_mismatch`, `unavailable` or `peer_connection_failed`.
        """
        session = Session(str(uuid.uuid4()), kind, claims, opened_at=now())
        try:
            offer = parse_offer(sdp)
            self._sessions.check_resumption(previous_session_id, claims)
            self._sessions.check_admission(session, room)
            local = self._local_end()
            answered = answer(
                offer,
                local,
                _PURPOSES[kind],
                publications=self._publications(claims),
                preferred_codecs=self._viewers_codecs(claims) if kind.sends else (),
            )
        except SdpError as error:
            raise _refusal(error) from None
        for replaced in self._sessions.replaced_by(session):
            # Who takes up its own session again has not been replaced by anybody: where this answer
            # gets lost, it asks once more, and names the same session.
            is_own = replaced.session_id == previous_session_id
            self.close(replaced, CloseReason.CONNECTION if is_own else CloseReason.REPLACED)
        self._open(session, answered.agreed, local)
        return Joined(answered.sdp, session.session_id)

    def close(self, session: Session, reason: CloseReason = CloseReason.LEFT) -> None:
        """End a session; ending it twice is harmless."""
        was_connected = session.is_connected
        if not self._sessions.end(session, reason):
            return
        self._joined.pop(session.session_id).close(now())
        self._room_events.session_ended(session)
        if not self._sessions.in_room(session.room_id):
            self._worker.forget_room(session.room_id)
        logger.info("%s ended: %s", _describe(session), reason.value)
        if was_connected:
            self._announcer.left(session)

    def change_preference(self, session: Session, body: Mapping[str, object]) -> None:
        """Send a session the layers that its page has use for from now on.

        Raises:
            RefusedError: `invalid_request`, or `not_found` if the session has ended.
        """
        joined = self._require(session)
        joined.prefer(read_preference(body, joined.preference), now())

    def restart_ice(self, session: Session, sdp: str) -> str:
        """Return the answer to a later offer of a session, which may restart ICE.

        Raises:
            RefusedError: `invalid_sdp`, `session_mismatch`, `rate_limited`, or `not_found` if the
                session has ended.
        """
        joined = self._require(session)
        try:
            answered, is_restart = joined.answer_again(parse_offer(sdp), now())
        except SdpError as error:
            raise _refusal(error) from None
        if is_restart:
            logger.info("%s restarts ICE", _describe(session))
        return answered

    async def close_room(self, room_id: str) -> None:
        await self._close_each(self._sessions.in_room(room_id), CloseReason.ROOM_DELETED)

    async def close_keys(self, key_ids: Set[str]) -> None:
        revoked = [each for each in self._sessions.all() if each.claims.key_id in key_ids]
        await self._close_each(revoked, CloseReason.KEY_REVOKED)

    async def close_all(self) -> None:
        await self._close_each(self._sessions.all(), CloseReason.DRAINING)

    def kick(self, room_id: str, peer_id: str) -> bool:
        """End all sessions of a peer in a room and return whether there were any."""
        sessions = [s for s in self._sessions.in_room(room_id) if s.peer_id == peer_id]
        for session in sessions:
            self.close(session, CloseReason.KICKED)
        return bool(sessions)

    def on_connected(self, joined: JoinedSession) -> None:
        session = joined.session
        session.state = SessionState.CONNECTED
        duration = now() - session.opened_at
        self._timings.join.observe(duration)
        self._announcer.joined(session)
        logger.info("%s connected in %.0f ms", _describe(session), 1000 * duration)

    def on_connection_ended(
        self, joined: JoinedSession, reason: ConnectionEnd, detail: str
    ) -> None:
        session = joined.session
        if reason in _HINTS:
            logger.warning("%s failed: %s%s", _describe(session), detail, _HINTS[reason])
        self.close(session, CloseReason.CONNECTION)

    def _open(self, session: Session, agreed: Agreement, local: LocalEnd) -> None:
        joined = JoinedSession(session, agreed, local, self._worker, self)
        try:
            joined.open(now())
        except TransportError as error:
            logger.error("%s failed: %s", _describe(session), error)  # noqa: TRY400
            raise RefusedError(ErrorCode.PEER_CONNECTION_FAILED) from error
        self._joined[session.session_id] = joined
        self._sessions.add(session)

    async def _close_each(self, sessions: Iterable[Session], reason: CloseReason) -> None:
        """End many sessions; the packets of all others get their turn meanwhile."""
        turns = Turns()
        for session in sessions:
            self.close(session, reason)
            await turns.give()

    def _require(self, session: Session) -> JoinedSession:
        joined = self._joined.get(session.session_id)
        if joined is None:
            raise RefusedError(ErrorCode.NOT_FOUND, "Session has ended")
        return joined

    def _publications(self, claims: Claims) -> list[ReceiveParameters]:
        """Return what the others in the room send; a loop over all, so it skips viewers early."""
        return [
            received
            for session in self._sessions.in_room(claims.room_id)
            if session.kind.sends and session.peer_id != claims.sub
            for received in self._joined[session.session_id].agreed.receive
        ]

    def _viewers_codecs(self, claims: Claims) -> list[Codec]:
        """Return what the others in the room can receive, the oldest viewer's first."""
        return [
            codec
            for session in self._sessions.in_room(claims.room_id)
            if session.kind.receives and session.peer_id != claims.sub
            for sent in self._joined[session.session_id].agreed.send
            for codec in sent.codecs
        ]

    def _local_end(self) -> LocalEnd:
        algorithm, value = self._worker.certificate.fingerprint
        ssrcs = iter(_draw_ssrcs(2 * len(MediaKind)))
        return LocalEnd(
            ice=generate_credentials(),
            fingerprints=(Fingerprint(algorithm, value),),
            candidates=self._candidates,
            ssrcs={kind: SectionSsrcs(next(ssrcs), next(ssrcs)) for kind in MediaKind},
            cname=secrets.token_hex(8),
            stream_id=secrets.token_hex(8),
            origin_id=secrets.randbits(62),
        )


def _refusal(error: SdpError) -> RefusedError:
    """Return what the sender of an offer is told about it."""
    return RefusedError(_OFFER_ERRORS.get(type(error), ErrorCode.INVALID_SDP), str(error))


def _draw_ssrcs(count: int) -> list[Ssrc]:
    """Return that many different SSRCs (RFC 3550 section 8: at random)."""
    drawn: set[int] = set()
    while len(drawn) < count:
        drawn.add(secrets.randbits(32) or 1)
    return [Ssrc(number) for number in drawn]


def _describe(session: Session) -> str:
    return f"{session.kind} of peer {session.peer_id} in room {session.room_id}"
