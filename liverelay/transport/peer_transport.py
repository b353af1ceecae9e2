"""One session's way between the wire and the media layer: ICE, DTLS and SRTP of one peer.

The mux hands in what came from the peer's addresses; plain RTP and RTCP go on to the sink. What
the peer sends can end this session and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from liverelay.transport.counters import CloseReason, DropReason
from liverelay.transport.dtls import DtlsFailure, DtlsSession
from liverelay.transport.ice import IceSession
from liverelay.transport.srtp_calls import RejectedPacketError, UnprotectableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aioice import stun

    from liverelay.sdp.connection import IceCredentials
    from liverelay.transport.close_notify import RetiredSession
    from liverelay.transport.counters import TransportCounters
    from liverelay.transport.dtls import ServerCertificate
    from liverelay.transport.srtp import SrtpInbound, SrtpOutbound, SrtpSealer
    from liverelay.transport.targets import TargetTable
    from liverelay.transport.turnstile import Turnstile
    from liverelay.transport.types import Address, StartTask

# A handshake takes two round trips; what has not come about after this long will not.
HANDSHAKE_TIMEOUT = 10.0

# OpenSSL repeats a lost flight after a second, and every join whose first flight meets a peer that
# is not listening yet would take that second. Browsers begin at 50 ms too.
_FLIGHT_INTERVALS = (0.05, 0.1, 0.2, 0.4)

# A peer that is the DTLS server sends media with its last flight, and the first keyframe with it.
_MAX_EARLY_PACKETS = 64

# Before its connection is let go of, a peer must have shown by SRTP that it has the keys too: until
# then it may repeat its last flight and wait for ours.
_RETIRE_AFTER = 1.0

# A peer that sent authentic packets this recently is still there.
_LIVELY_FOR = 5.0


# A peer that has been silent for this long was cut off: viewers of video report every second.
_CUT_OFF_AFTER = 2.0


class MediaSink(Protocol):
    """The owner of a session, to which plain packets and the session's fate are told."""

    def on_rtp(self, packet: bytes, now: float) -> None: ...
    def on_rtcp(self, packet: bytes, now: float) -> None: ...
    def on_connected(self, now: float) -> None: ...

    def on_path_restored(self, now: float) -> None:
        """Called when a peer that was cut off is reached again, at another address."""

    def on_closed(self, reason: CloseReason, detail: str) -> None:
        """Called once when the session ends of itself; not after the owner's own `close`."""


class SessionNetwork(Protocol):
    """What a session needs of the mux."""

    counters: TransportCounters
    sealer: SrtpSealer
    targets: TargetTable
    turnstile: Turnstile

    def send(self, datagram: bytes | memoryview, address: Address) -> None: ...

    def settle(self, transport: PeerTransport) -> None:
        """Called after anything changed outside of a call from the mux."""


@dataclass(frozen=True, slots=True)
class SessionParameters:
    """What offer and answer say about a session's transport.

    `setup` is the answer's, "passive" or "active"; `fingerprints` are the peer's, as (algorithm,
    value); `sctp_port` is the peer's if a data channel was accepted.
    """

    credentials: IceCredentials
    setup: str
    fingerprints: Sequence[tuple[str, str]]
    sctp_port: int | None = None


class SessionState(Enum):
    """How far a session has come."""

    WAITING = "waiting"
    HANDSHAKING = "handshaking"
    CONNECTED = "connected"
    CLOSED = "closed"


class PeerTransport:
    """One session, from its first connectivity check to its end.

    `target` is the handle for the egress. Times are seconds on the event loop's clock.
    """

    def __init__(
        self,
        parameters: SessionParameters,
        *,
        certificate: ServerCertificate,
        sink: MediaSink,
        network: SessionNetwork,
        start_task: StartTask,
        now: float,
    ) -> None:
        self.state = SessionState.WAITING
        self.target = network.targets.open()
        self._parameters = parameters
        self._certificate = certificate
        self._sink = sink
        self._network = network
        self._counters = network.counters
        self._start_task = start_task
        self._ice = IceSession(parameters.credentials, now)
        self._dtls: DtlsSession | RetiredSession | None = None
        self._inbound: SrtpInbound | None = None
        self._early: list[tuple[bytes, bool]] = []
        self._heard_at = float("-inf")
        self._was_cut_off = False
        self._handshake_deadline = float("inf")
        self._flights: list[float] = []
        self._connected_at = float("inf")
        self._retire_at = float("inf")

    @property
    def name(self) -> str:
        """What this session is called here and in the log: the ufrag that it began with."""
        return self._parameters.credentials.ufrag

    @property
    def ufrags(self) -> tuple[str, ...]:
        """The names of this session on the wire: two while its peer goes over to new ones."""
        return () if self.state is SessionState.CLOSED else self._ice.ufrags

    @property
    def paths(self) -> Collection[Address]:
        """The addresses whose datagrams belong to this session."""
        return () if self.state is SessionState.CLOSED else self._ice.paths

    def is_lively(self, now: float) -> bool:
        """Return whether authentic packets came in the last seconds."""
        return now - self._heard_at < _LIVELY_FOR

    def restart_ice(self, credentials: IceCredentials, now: float) -> None:
        """Take checks with new credentials, too; media goes on as it does until they are used."""
        self._ice.restart(credentials, now)
        self._network.settle(self)

    def authenticates(self, request: stun.Message) -> bool:
        return self._ice.authenticates(request)

    def handle_check(self, request: stun.Message, address: Address, now: float) -> None:
        """Answer an authenticated connectivity check; the first one starts the handshake."""
        if self._ice.conflicts(request):
            self._counters.drop(DropReason.STUN_ROLE_CONFLICT)
            self._network.send(self._ice.refuse_role(request), address)
            return
        before = self._ice.remote_address
        self._network.send(self._ice.accept(request, address, now), address)
        self.target.address = self._ice.remote_address
        if self.state is SessionState.WAITING:
            self._start_handshake(now)
        elif self.state is SessionState.CONNECTED:
            # Packets may come on a path before it is nominated, so silence is remembered till then.
            is_silent = now - self._heard_at > _CUT_OFF_AFTER
            self._was_cut_off = is_silent or (self._was_cut_off and address != before)
            if self._was_cut_off and self._ice.remote_address != before:
                self._was_cut_off = False
                self._sink.on_path_restored(now)

    def receive_dtls(self, datagram: bytes, address: Address) -> None:
        self._ice.on_dtls(address)
        self.target.address = self._ice.remote_address
        if self._dtls is None or not self._dtls.receive(datagram):
            self._counters.drop(DropReason.DTLS_OVERFLOW)

    def receive_rtp(self, datagram: bytes, now: float) -> None:
        if self._inbound is None:
            self._keep_early(datagram, is_rtcp=False)
            return
        try:
            packet = self._inbound.unprotect_rtp(datagram)
        except RejectedPacketError as error:
            self._counters.drop(error.reason)
            return
        self._heard_at = now
        self._sink.on_rtp(packet, now)

    def receive_rtcp(self, datagram: bytes, now: float) -> None:
        if self._inbound is None:
            self._keep_early(datagram, is_rtcp=True)
            return
        try:
            packet = self._inbound.unprotect_rtcp(datagram)
        except RejectedPacketError as error:
            self._counters.drop(error.reason)
            return
        self._heard_at = now
        self._sink.on_rtcp(packet, now)

    def send_rtcp(self, compound: bytes) -> None:
        """Send a plain RTCP compound; dropped and counted while there are no keys."""
        outbound, address = self.target.outbound, self.target.address
        if outbound is None or address is None:
            self._counters.unsent_unready += 1
            return
        try:
            sealed = self._network.sealer.seal_rtcp(outbound, compound)
        except UnprotectableError:
            self._counters.unsent_failed += 1
            return
        self._network.send(sealed, address)

    def close(self) -> None:
        """End the session from our side; the peer is sent a close-notify.

        To be called for a session that ended of itself too, when nothing uses `target` any more.
        """
        if self._end(CloseReason.LOCAL):
            self._network.settle(self)
        self.target.release()

    def deadline(self) -> float:
        """Return when `handle_timeout` wants to be called."""
        flight = self._flights[0] if self._flights else float("inf")
        return min(self._ice.deadline(), self._handshake_deadline, flight, self._retire_at)

    def handle_timeout(self, now: float) -> None:
        self._ice.on_media(self._heard_at)
        self._ice.handle_timeout(now)
        self.target.address = self._ice.remote_address
        if self._flights and now >= self._flights[0]:
            del self._flights[0]
            if self._dtls is None or not self._dtls.repeat_first_flight():
                self._flights.clear()
        if now >= self._retire_at:
            self._retire(now)
        if now >= self._handshake_deadline:
            self._fail(CloseReason.HANDSHAKE_TIMEOUT, "DTLS handshake did not finish in 10 s")
        elif self._ice.is_abandoned(now):
            if self.state is SessionState.WAITING:
                self._fail(CloseReason.NO_CHECK, "no connectivity check reached the UDP port")
            else:
                self._fail(CloseReason.CONSENT_EXPIRED, "no connectivity check for 30 s")

    def send_dtls(self, datagram: bytes) -> None:
        """Send for the DTLS session, to the path in use."""
        if self._ice.remote_address is not None:
            self._network.send(datagram, self._ice.remote_address)

    def on_dtls_connected(self, inbound: SrtpInbound, outbound: SrtpOutbound, now: float) -> None:
        """Take the keys into use, first on what came before them."""
        if self.state is SessionState.CLOSED:
            return
        self.state = SessionState.CONNECTED
        self._handshake_deadline = float("inf")
        self._flights.clear()
        self._heard_at = self._connected_at = now
        self._retire_at = now + _RETIRE_AFTER
        self._inbound = inbound
        self.target.outbound = outbound
        self._counters.connected += 1
        self._sink.on_connected(now)
        early, self._early = self._early, []
        for datagram, is_rtcp in early:
            receive = self.receive_rtcp if is_rtcp else self.receive_rtp
            receive(datagram, now)
        self._network.settle(self)

    def on_dtls_failed(self, failure: DtlsFailure) -> None:
        self._fail(failure.reason, failure.detail)
        self._network.settle(self)

    def on_dtls_closed(self) -> None:
        """Called when the peer sent its close-notify, and when we are done sending ours."""
        self._fail(CloseReason.PEER, "the peer closed the connection")
        self._network.settle(self)

    def _start_handshake(self, now: float) -> None:
        parameters = self._parameters
        self.state = SessionState.HANDSHAKING
        self._handshake_deadline = now + HANDSHAKE_TIMEOUT
        if parameters.setup == "active":
            at = now
            for interval in _FLIGHT_INTERVALS:
                at += interval
                self._flights.append(at)
        dtls = self._dtls = DtlsSession(
            self._certificate,
            setup=parameters.setup,
            fingerprints=parameters.fingerprints,
            sctp_port=parameters.sctp_port,
            listener=self,
            turnstile=self._network.turnstile,
        )
        self._start_task(dtls.run(), name=f"dtls {self.name}")

    def _retire(self, now: float) -> None:
        if self._heard_at > self._connected_at:
            self._retire_at = float("inf")
            if self._dtls is not None and (retired := self._dtls.retire()) is not self._dtls:
                self._dtls = retired
                self._counters.retired += 1
        else:
            self._retire_at = now + _RETIRE_AFTER

    def _keep_early(self, datagram: bytes, *, is_rtcp: bool) -> None:
        if self.state is SessionState.HANDSHAKING and len(self._early) < _MAX_EARLY_PACKETS:
            self._early.append((datagram, is_rtcp))
        else:
            self._counters.drop(DropReason.SRTP_EARLY)

    def _fail(self, reason: CloseReason, detail: str) -> None:
        if self._end(reason):
            self._sink.on_closed(reason, detail)

    def _end(self, reason: CloseReason) -> bool:
        """Release everything; return whether the session was open until now."""
        if self.state is SessionState.CLOSED:
            return False
        self.state = SessionState.CLOSED
        self._counters.closed[reason] += 1
        if self._dtls is not None:
            self._dtls.close()
            self._dtls = None
        self._inbound = None
        self._early.clear()
        self.target.outbound = None
        self.target.address = None
        return True
