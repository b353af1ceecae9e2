"""The client's half of a connection: one UDP socket, connectivity checks, DTLS and SRTP.

For load tests, benchmarks and tests. It is made to be cheap, so that hundreds fit into a process:
it neither decodes nor buffers, and decrypts only what its owner asks for. It shares no code with
the server's half, so that the two can disagree.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pylibsrtp
from aioice import stun
from OpenSSL import SSL
from pylibsrtp import Policy

from liverelay.transport.identity import certificate_fingerprint

if TYPE_CHECKING:
    from liverelay.transport.identity import Identity
    from liverelay.transport.types import Address

_TICK = 0.05  # browsers repeat checks and flights about as often while they connect
_CONSENT_INTERVAL = 4.0
_MAX_DATAGRAM = 1200
_MAX_RECEIVED = 2048
_RECORD_HEADER_SIZE = 13

# A keyframe to one viewer is some sixty packets; the default of Linux holds about as many.
_RECEIVE_BUFFER = 1 << 20

# After this many datagrams the other clients of the process have their turn.
_MAX_BURST = 64

# libsrtp's profile, length of key, length of salt
_PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
DEFAULT_PROFILES = b":".join(_PROFILES)


@dataclass(frozen=True, slots=True)
class RemoteEndpoint:
    """What the client learns from an answer.

    All `addresses` are checked, and the first that answers is used. Without `fingerprints` any
    certificate will do.
    """

    addresses: tuple[Address, ...]
    ufrag: str
    pwd: str
    fingerprints: tuple[tuple[str, str], ...] = ()


class MediaClient:
    """One connection of a peer; `setup` is its own DTLS role, "active" or "passive".

    `connected` is set when packets may be sent, or to a `ConnectionError`; `closed` when the other
    side says goodbye. Packets go to `on_rtp` and `on_rtcp`, as they came and still sealed:
    a subclass opens those that it wants to see.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        setup: str = "active",
        profiles: bytes = DEFAULT_PROFILES,
        ciphers: bytes = b"DEFAULT",
        ip: str = "0.0.0.0",
        nominates: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(12)
        self.identity = identity
        self.setup = setup
        self.nominates = nominates
        self.sends_checks = True
        self.checks_answered = 0
        self.profile = b""
        self.reflexive_address: Address | None = None
        self.connected: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.remote: RemoteEndpoint | None = None
        self._path: Address | None = None
        self._family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._socket = self._open_socket(ip)
        self._inbound: pylibsrtp.Session | None = None
        self._outbound: pylibsrtp.Session | None = None
        self._flight: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._context = self._create_context(profiles, ciphers)
        self._connection: SSL.Connection | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def is_connected(self) -> bool:
        return self._outbound is not None and not self.closed.done()

    def connect(self, remote: RemoteEndpoint) -> None:
        """Begin to check and to shake hands; `connected` tells the outcome."""
        self.remote = remote
        self._tick()

    def say_hello(self, remote: RemoteEndpoint) -> None:
        """Send the first DTLS flight before any check, as some stacks do."""
        self.remote = remote
        self._shake_hands()

    def move(self, ip: str) -> None:
        """Go on from another local address, as when a phone leaves the Wi-Fi."""
        self._close_socket()
        self._socket = self._open_socket(ip)
        self.send_check()

    def detach(self) -> socket.socket:
        """Return the socket, to be read by the caller from now on, who passes on to `receive`."""
        self._loop.remove_reader(self._socket.fileno())
        return self._socket

    def send_check(self) -> None:
        assert self.remote is not None
        check = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self.remote.ufrag}:{self.ufrag}",
                "PRIORITY": 1853824767,
                "ICE-CONTROLLING": 1,
                **({"USE-CANDIDATE": None} if self.nominates else {}),
            },
        )
        check.add_message_integrity(self.remote.pwd.encode())
        addresses = self.remote.addresses if self._path is None else (self._path,)
        for address in addresses:
            self._send_to(bytes(check), address)

    def send(self, datagram: bytes) -> None:
        """Send as it is; what the kernel does not take is lost, as on any network."""
        assert self.remote is not None
        self._send_to(datagram, self._path or self.remote.addresses[0])

    def send_rtp(self, packet: bytes) -> bytes:
        """Seal and send a packet; return the datagram."""
        assert self._outbound is not None
        datagram = self._outbound.protect(packet)
        self.send(datagram)
        return datagram

    def send_rtcp(self, compound: bytes) -> bytes:
        """Seal and send a compound; return the datagram."""
        assert self._outbound is not None
        datagram = self._outbound.protect_rtcp(compound)
        self.send(datagram)
        return datagram

    def open_rtp(self, datagram: bytes) -> bytes | None:
        """Return the plain packet, or None if it is not authentic."""
        assert self._inbound is not None
        try:
            return self._inbound.unprotect(datagram)
        except pylibsrtp.Error:
            return None

    def open_rtcp(self, datagram: bytes) -> bytes | None:
        """Return the plain compound, or None if it is not authentic."""
        assert self._inbound is not None
        try:
            return self._inbound.unprotect_rtcp(datagram)
        except pylibsrtp.Error:
            return None

    def on_rtp(self, datagram: bytes) -> None:
        """Called for each RTP packet once connected."""

    def on_rtcp(self, datagram: bytes) -> None:
        """Called for each RTCP compound once connected."""

    def receive(self, datagram: bytes, source: Address) -> None:
        """Take one datagram; whatever is not understood is dropped."""
        if len(datagram) < 2:
            return
        first_byte = datagram[0]
        if first_byte >= 128:
            if self._inbound is not None:
                is_rtcp = 192 <= datagram[1] <= 223
                (self.on_rtcp if is_rtcp else self.on_rtp)(datagram)
        elif first_byte < 4:
            self._receive_stun(datagram, source)
        elif 20 <= first_byte < 64:
            self._receive_dtls(datagram)

    def close(self, *, silently: bool = False) -> None:
        """Close with a close-notify, or vanish."""
        if self._timer is not None:
            self._timer.cancel()
        if self._outbound is not None and self._connection is not None and not silently:
            with contextlib.suppress(SSL.Error):
                self._connection.shutdown()
            self._flush()
        self._close_socket()

    def _open_socket(self, ip: str) -> socket.socket:
        udp = socket.socket(self._family, socket.SOCK_DGRAM)
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        udp.bind((ip, 0))
        self._loop.add_reader(udp.fileno(), self._on_readable)
        return udp

    def _close_socket(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _send_to(self, datagram: bytes, address: Address) -> None:
        # A full buffer, a network that is down, a port that nobody listens on yet.
        with contextlib.suppress(OSError):
            self._socket.sendto(datagram, address)

    def _create_context(self, profiles: bytes, ciphers: bytes) -> SSL.Context:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_privatekey(self.identity.key)
        context.use_certificate(self.identity.certificate)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # the fingerprint is what counts
        context.set_cipher_list(ciphers)
        context.set_tlsext_use_srtp(profiles)
        return context

    def _ssl(self) -> SSL.Connection:
        if self._connection is None:
            self._connection = SSL.Connection(self._context)
            if self.setup == "active":
                self._connection.set_connect_state()
            else:
                self._connection.set_accept_state()
        return self._connection

    def _tick(self) -> None:
        if self.sends_checks:
            self.send_check()
        if self._outbound is None and self.checks_answered:
            for datagram in self._flight:
                self.send(datagram)
        interval = _TICK if self._outbound is None else _CONSENT_INTERVAL
        self._timer = self._loop.call_later(interval, self._tick)

    def _on_readable(self) -> None:
        for _ in range(_MAX_BURST):
            try:
                datagram, source = self._socket.recvfrom(_MAX_RECEIVED)
            except (BlockingIOError, ConnectionRefusedError):
                break
            self.receive(datagram, source)
            if self._socket.fileno() < 0:
                return

    def _receive_stun(self, datagram: bytes, source: Address) -> None:
        if self.remote is None:
            return
        try:
            message = stun.parse_message(datagram)
        except (ValueError, struct.error):
            return
        if message.message_class == stun.Class.REQUEST:
            self._answer_check(message, source)
        elif message.message_class == stun.Class.RESPONSE and message.check_message_integrity(
            self.remote.pwd.encode()
        ):
            self.reflexive_address = message.attributes.get("XOR-MAPPED-ADDRESS")
            self._path = self._path or source
            self.checks_answered += 1
            if self.checks_answered == 1 and self.setup == "active" and not self._flight:
                self._shake_hands()

    def _answer_check(self, request: stun.Message, source: Address) -> None:
        """Answer a check of a server that is a full agent; LiveRelay is lite and sends none."""
        if not request.check_message_integrity(self.pwd.encode()):
            return
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": source[:2]},
        )
        response.add_message_integrity(self.pwd.encode())
        self._send_to(bytes(response), source)

    def _receive_dtls(self, datagram: bytes) -> None:
        self._ssl().bio_write(datagram)
        if self._outbound is None:
            self._shake_hands()
        else:
            self._read_dtls()

    def _shake_hands(self) -> None:
        if self.connected.done():
            return
        try:
            self._ssl().do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error as error:
            self._flush()
            self.connected.set_exception(ConnectionError(f"DTLS: {error!r}"))
            return
        self._flush()
        if self._is_expected_peer():
            self._derive_keys()
            self.connected.set_result(None)
        else:
            self.connected.set_exception(ConnectionError("DTLS: not the certificate of the answer"))

    def _is_expected_peer(self) -> bool:
        certificate = self._ssl().get_peer_certificate(as_cryptography=True)
        expected = self.remote.fingerprints if self.remote is not None else ()
        return not expected or (
            certificate is not None
            and any(certificate_fingerprint(certificate, a) == value for a, value in expected)
        )

    def _read_dtls(self) -> None:
        try:
            self._ssl().recv(1500)
        except SSL.ZeroReturnError:
            if not self.closed.done():
                self.closed.set_result(None)
        except SSL.Error:
            pass
        self._flush()

    def _flush(self) -> None:
        """Send what OpenSSL has written, whole records together; its BIO has no boundaries."""
        written = b""
        while True:
            try:
                written += self._ssl().bio_read(65536)
            except SSL.WantReadError:
                break
        flight: list[bytes] = []
        while written:
            size = _RECORD_HEADER_SIZE + int.from_bytes(written[11:13], "big")
            record, written = written[:size], written[size:]
            if flight and len(flight[-1]) + size <= _MAX_DATAGRAM:
                flight[-1] += record
            else:
                flight.append(record)
        for datagram in flight:
            self.send(datagram)
        self._flight = flight or self._flight

    def _derive_keys(self) -> None:
        connection = self._ssl()
        self.profile = connection.get_selected_srtp_profile()
        profile, key, salt = _PROFILES[self.profile]
        material = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        ours, theirs = (client, server) if self.setup == "active" else (server, client)
        self._inbound = pylibsrtp.Session(_policy(theirs, Policy.SSRC_ANY_INBOUND, profile))
        self._outbound = pylibsrtp.Session(_policy(ours, Policy.SSRC_ANY_OUTBOUND, profile))


def _policy(key: bytes, direction: int, profile: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return policy
