"""One session at work: its transport on one side, its room's media on the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from liverelay.errors import ErrorCode, RefusedError
from liverelay.sdp.agreement import take_up
from liverelay.server.restart_allowance import RestartAllowance
from liverelay.sfu.layers import Preference
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from liverelay.transport.ice import generate_credentials
from liverelay.transport.peer_transport import SessionParameters

if TYPE_CHECKING:
    from liverelay.sdp.agreement import Agreement
    from liverelay.sdp.answer import LocalEnd
    from liverelay.sdp.offer import Offer
    from liverelay.server.sessions import Session
    from liverelay.server.worker import MediaWorker
    from liverelay.sfu.subscription import Subscription
    from liverelay.transport.counters import CloseReason
    from liverelay.transport.peer_transport import PeerTransport


class SessionOwner(Protocol):
    """Who is told when a session connects, and when its connection ends."""

    def on_connected(self, joined: JoinedSession) -> None: ...
    def on_connection_ended(
        self, joined: JoinedSession, reason: CloseReason, detail: str
    ) -> None: ...


class JoinedSession:
    """Brings what was agreed into the room, and takes it out again.

    Publications are there from the answer on, so that viewers can be answered with their codecs.
    Subscriptions begin when the peer can receive: the keyframe that one asks for would be lost
    on a transport that is not ready.
    """

    def __init__(
        self,
        session: Session,
        agreed: Agreement,
        local: LocalEnd,
        worker: MediaWorker,
        owner: SessionOwner,
    ) -> None:
        self.session = session
        self.agreed = agreed
        self._local = local
        self._restarts = RestartAllowance()
        self._worker = worker
        self._owner = owner
        self._transport: PeerTransport | None = None
        self._subscriptions: list[Subscription] = []
        self.preference = Preference()

    @property
    def session_id(self) -> SessionId:
        return SessionId(self.session.session_id)

    def open(self, now: float) -> None:
        """Expect the peer and its media.

        Raises:
            TransportError: Our side cannot be set up.
        """
        agreed = self.agreed
        parameters = SessionParameters(
            self._local.ice,
            setup=agreed.setup.value,
            fingerprints=[(each.algorithm, each.value) for each in agreed.remote.fingerprints],
            sctp_port=agreed.data_channel.sctp_port if agreed.data_channel else None,
        )
        self._transport = self._worker.open(self.session_id, parameters, self, now)
        room = self._worker.room(self.session.room_id)
        for received in self.agreed.receive:
            room.add_publication(
                self._publication_id(received.mid),
                self.session_id,
                PeerId(self.session.peer_id),
                received,
                now,
            )
        self._worker.settle(now)

    def close(self, now: float) -> None:
        """End it from our side: the peer is told, and the room goes on without it."""
        room = self._worker.room(self.session.room_id)
        for subscription in self._subscriptions:
            room.remove_subscription(subscription)
        for received in self.agreed.receive:
            room.remove_publication(self._publication_id(received.mid), now)
        self._worker.release(self.session_id)
        # Neither refers to the other any more, so both are freed without the garbage collector.
        self._transport = None
        self._subscriptions.clear()
        self._worker.settle(now)

    def answer_again(self, offer: Offer, now: float) -> tuple[str, bool]:
        """Answer a later offer; return the answer and whether it restarts ICE.

        One that repeats the credentials of the last is answered as that was: its answer was lost.

        Raises:
            SessionMismatchError: The offer is not one of this session.
            RefusedError: `rate_limited`.
        """
        assert self._transport is not None
        again = take_up(self.agreed, offer)
        if again.restarts_ice:
            if (wait := self._restarts.take(now)) is not None:
                raise RefusedError(
                    ErrorCode.RATE_LIMITED, "Too many ICE restarts", retry_after=wait
                )
            self.agreed = again.agreed
            self._local = replace(
                self._local,
                ice=generate_credentials(),
                origin_version=self._local.origin_version + 1,
            )
            self._transport.restart_ice(self._local.ice, now)
            self._worker.settle(now)
        return again.answer(self._local), again.restarts_ice

    def prefer(self, preference: Preference, now: float) -> None:
        """Receive from now on what suits `preference`; or as soon as anything is received."""
        self.preference = preference
        room = self._worker.room(self.session.room_id)
        for subscription in self._subscriptions:
            subscription.preference = preference
            room.choose_layer(subscription, now)
        self._worker.settle(now)

    def on_rtp(self, packet: bytes, now: float) -> None:
        self._worker.on_rtp(self.session.room_id, self.session_id, packet, now)

    def on_rtcp(self, packet: bytes, now: float) -> None:
        self._worker.on_rtcp(self.session.room_id, self.session_id, packet, now)

    def on_connected(self, now: float) -> None:
        assert self._transport is not None
        room = self._worker.room(self.session.room_id)
        for sent in self.agreed.send:
            self._subscriptions.append(
                room.add_subscription(
                    self.session_id,
                    PeerId(self.session.peer_id),
                    sent,
                    self._transport.target.row,
                    now,
                    self.preference,
                )
            )
        self._owner.on_connected(self)
        self._worker.settle(now)

    def on_path_restored(self, now: float) -> None:
        self._worker.room(self.session.room_id).on_path_restored(self.session_id, now)
        self._worker.settle(now)

    def on_closed(self, reason: CloseReason, detail: str) -> None:
        self._owner.on_connection_ended(self, reason, detail)

    def _publication_id(self, mid: str) -> PublicationId:
        return PublicationId(f"{self.session_id}/{mid}")
