"""The one adapter on aiortc's DTLS: handshake, peer identity and SRTP keys.

An `RTCDtlsTransport` runs on any object with `_recv`, `_send` and `role`. It is given DTLS
datagrams only, because an empty one ends it. Its keys are reachable by private names alone: they
are used in this file and nowhere else, and `tests/unit/transport/test_dtls.py` fails when they
move.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCDtlsTransport,
    SRTPProtectionProfile,
    State,
    certificate_digest,
)
from OpenSSL import SSL

from liverelay.transport import close_notify
from liverelay.transport.counters import CloseReason
from liverelay.transport.dtls_channel import DtlsChannel
from liverelay.transport.sctp import SctpResponder
from liverelay.transport.srtp import (
    CALLS,
    GCM_TRAILER_SIZE,
    SHA1_80_TRAILER_SIZE,
    SrtpInbound,
    SrtpOutbound,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiortc import RTCIceTransport
    from aiortc.rtcdtlstransport import DataReceiver
    from typing_extensions import override

    from liverelay.transport.close_notify import CloseNotifier
    from liverelay.transport.turnstile import Turnstile
else:

    def override(method):  # noqa: ANN001, ANN201 `typing.override` comes with Python 3.12
        return method


# AES-128-GCM is the cheapest per packet, and both GCM profiles are cheaper than SHA-1.
_PREFERRED_PROFILES = (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80)

# The digests that aiortc can compute, from the ones RFC 8122 allows.
_DIGESTS = frozenset({"sha-256", "sha-384", "sha-512"})

# aiortc's own suites, and RSA ones behind them: a passive peer with an RSA certificate would
# otherwise find no shared cipher. With our ECDSA certificate a server never picks those.
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305"
)


class _Certificate(RTCCertificate):
    """aiortc's self-signed P-256 certificate, for handshakes with RSA peers too.

    One context serves all sessions: each of its own would take half a millisecond and 25 kB. It
    lets go of a session's record buffers while that has nothing to say, which is nearly always:
    another 20 kB of the 117 that a session would hold otherwise (measured, 300 sessions).
    """

    _context: SSL.Context | None = None

    @override
    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_cipher_list(_CIPHERS)
            self._context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return self._context


class ServerCertificate:
    """The certificate of this process, made once and shown to every peer."""

    def __init__(self) -> None:
        self._certificate = _Certificate.generateCertificate()
        digests = {f.algorithm: f.value for f in self._certificate.getFingerprints()}
        self.fingerprint = ("sha-256", digests["sha-256"])

    def open_transport(
        self, channel: DtlsChannel, digests: Sequence[tuple[str, str]]
    ) -> _Transport:
        return _Transport(channel, self._certificate, digests)


@dataclass(frozen=True, slots=True)
class DtlsFailure:
    """Why no handshake came about, in words for the operator."""

    reason: CloseReason
    detail: str


class DtlsListener(Protocol):
    """The session that a handshake belongs to."""

    def send_dtls(self, datagram: bytes) -> None: ...
    def on_dtls_connected(
        self, inbound: SrtpInbound, outbound: SrtpOutbound, now: float
    ) -> None: ...
    def on_dtls_failed(self, failure: DtlsFailure) -> None: ...
    def on_dtls_closed(self) -> None: ...


class DtlsSession:
    """One peer's DTLS, from handshake to close-notify.

    `run` is the whole life of it: the owner starts that once, as a task, and ends it by `close`.
    Everything that aiortc started has ended when `run` returns.
    """

    def __init__(
        self,
        certificate: ServerCertificate,
        *,
        setup: str,
        fingerprints: Sequence[tuple[str, str]],
        sctp_port: int | None,
        listener: DtlsListener,
        turnstile: Turnstile,
    ) -> None:
        digests = [(a.lower(), v.upper()) for a, v in fingerprints if a.lower() in _DIGESTS]
        self._listener = listener
        self._turnstile = turnstile
        self._channel = DtlsChannel(listener, turnstile, is_client=setup == "active")
        self._transport = certificate.open_transport(self._channel, digests)
        self._sctp_port = sctp_port
        self._leaving = asyncio.Event()
        self._is_retired = False

    def receive(self, datagram: bytes) -> bool:
        """Take one DTLS datagram; return whether there was room for it."""
        return self._channel.receive(datagram)

    def repeat_first_flight(self) -> bool:
        """Send our first flight again; return whether that is still of use."""
        return self._channel.repeat_first_flight()

    def close(self) -> None:
        """Let `run` come to its end; the peer is sent a close-notify."""
        self._leaving.set()
        if self._transport.state != "connected":
            self._channel.close()

    def retire(self) -> DtlsSession | close_notify.RetiredSession:
        """Return what is to be used from now on: where OpenSSL can be done without, what can.

        Then `run` comes to its end. To be called when the peer has finished its handshake too:
        nothing is repeated any more.
        """
        if self._sctp_port is not None or self._transport.state != "connected":
            return self
        if not self._channel.is_idle or self._leaving.is_set():
            return self
        close_notifier = self._transport.take_over()
        if close_notifier is None:
            return self
        self._is_retired = True
        self._leaving.set()
        return close_notify.RetiredSession(close_notifier, self._listener)

    async def run(self) -> None:
        failure: DtlsFailure | None = None
        sctp: SctpResponder | None = None
        self._transport.on("statechange", self._on_state_change)
        try:
            await self._turnstile.enter()
            await self._transport.shake_hands()
            failure = self._transport.failure
            if failure is None:
                await self._turnstile.enter()
                now = asyncio.get_running_loop().time()
                self._listener.on_dtls_connected(*self._transport.take_keys(), now)
                if self._sctp_port is not None:
                    sctp = SctpResponder(self._transport, self._sctp_port)
                    await sctp.start()
                await self._leaving.wait()
        finally:
            if sctp is not None:
                await sctp.stop()
            await self._transport.finish(is_silent=self._is_retired)
            self._channel.close()
        if failure is not None:
            self._listener.on_dtls_failed(failure)
        elif not self._is_retired:
            self._listener.on_dtls_closed()

    def _on_state_change(self) -> None:
        if self._transport.state == "closed":
            self._leaving.set()


class _Transport(RTCDtlsTransport):
    """aiortc's transport, saying why a handshake failed, to us and to the peer."""

    def __init__(
        self,
        channel: DtlsChannel,
        certificate: RTCCertificate,
        digests: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(cast("RTCIceTransport", channel), [certificate])
        # The same for every session, because the certificate's one context is made with them.
        self._srtp_profiles = [p for p in _PREFERRED_PROFILES if p in SRTP_PROFILES]
        self._channel = channel
        self._digests = digests
        self.failure: DtlsFailure | None = None

    async def shake_hands(self) -> None:
        if not self._digests:
            self._fail(CloseReason.WRONG_FINGERPRINT, "no fingerprint with a supported digest")
            return
        await self.start(
            RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(a, v) for a, v in self._digests])
        )

    def take_keys(self) -> tuple[SrtpInbound, SrtpOutbound]:
        """Return both directions of SRTP of a connected transport."""
        selected = self._connection().get_selected_srtp_profile()
        is_sha1 = selected == SRTP_AES128_CM_SHA1_80.openssl_profile
        trailer_size = SHA1_80_TRAILER_SIZE if is_sha1 else GCM_TRAILER_SIZE
        receiving, sending = CALLS.adopt(self._rx_srtp), CALLS.adopt(self._tx_srtp)
        return SrtpInbound(receiving), SrtpOutbound(sending, trailer_size)

    @property
    def dtls_role(self) -> str:
        return self._role

    def open_data(self, receiver: DataReceiver) -> None:
        self._register_data_receiver(receiver)

    async def send_data(self, data: bytes) -> None:
        # A timer of SCTP may fire between the peer's close-notify and the end of the session.
        with contextlib.suppress(ConnectionError):
            await self._send_data(data)

    def take_over(self) -> CloseNotifier | None:
        """Return what can end a connected session in OpenSSL's place."""
        return close_notify.take_over(self._connection(), is_client=self._role == "client")

    async def finish(self, *, is_silent: bool) -> None:
        """Leave nothing of aiortc's behind; the peer is told, or is not to notice."""
        pump = self._task
        if is_silent:
            # aiortc's `stop` would say goodbye.
            self._ssl = None
            if pump is not None:
                pump.cancel()
        await self.stop()
        if pump is not None:
            await asyncio.gather(pump, return_exceptions=True)
        elif self._ssl is not None:
            # `stop` says nothing after a failure, and the alert that tells the peer why is still
            # in the buffer; without it the peer waits for its own timeout.
            with contextlib.suppress(SSL.Error):
                self._ssl.shutdown()
            await self._write_ssl()
        self.remove_all_listeners()
        # Session and keys are freed now, not when the garbage collector comes by.
        del self._rx_srtp, self._tx_srtp, self._ssl

    def _connection(self) -> SSL.Connection:
        assert self._ssl is not None, "the handshake has not been started"
        return self._ssl

    def _fail(self, reason: CloseReason, detail: str) -> None:
        self.failure = DtlsFailure(reason, detail)
        self._set_state(State.FAILED)

    @override
    async def _do_handshake(self) -> None:
        # aiortc's own loop drops OpenSSL's reason, which is what an operator needs most.
        ssl = self._connection()
        while not self.encrypted:
            try:
                ssl.do_handshake()
            except SSL.WantReadError:
                await self._write_ssl()
            except SSL.Error as error:
                self._fail(CloseReason.HANDSHAKE_FAILED, _explain(error))
                return
            else:
                self.encrypted = True
                break
            try:
                ssl.bio_write(await self._channel.take_in_turn(ssl.DTLSv1_get_timeout()))
            except TimeoutError:
                ssl.DTLSv1_handle_timeout()
            except ConnectionError:
                self._fail(CloseReason.LOCAL, "closed during the handshake")
                return
        await self._write_ssl()

    @override
    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803 aiortc's name
        # Any match will do: a peer may list the fingerprints of several certificates (RFC 8122
        # section 5), while aiortc wants all of them to match.
        certificate = self._connection().get_peer_certificate(as_cryptography=True)
        if certificate is None or not any(
            certificate_digest(certificate, f.algorithm) == f.value
            for f in remoteParameters.fingerprints
        ):
            self._fail(CloseReason.WRONG_FINGERPRINT, "the certificate is not the one of the offer")

    @override
    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self._state == State.FAILED:
            self._fail(CloseReason.NO_SRTP_PROFILE, "no SRTP protection profile in common")


def _explain(error: SSL.Error) -> str:
    """Return what OpenSSL says, such as "no shared cipher": the last of each error's fields."""
    if isinstance(error, SSL.ZeroReturnError):
        return "the peer closed during the handshake"
    errors = error.args[0] if error.args and isinstance(error.args[0], (list, tuple)) else ()
    return ", ".join(str(entry[-1]) for entry in errors) or "handshake failed"
