"""A small WebRTC endpoint for tests and load: one UDP socket, ICE checks, DTLS and SRTP.

It is the peer's half only, and independent of the server's code, so that the two can disagree. It
checks a single remote address, as an ICE-lite server announces, and does not check certificates.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from dataclasses import dataclass

import pylibsrtp
from aioice import stun
from OpenSSL import SSL
from pylibsrtp import Policy

from tests.support.identity import Identity, ecdsa_identity

_TICK = 0.05  # browsers repeat checks and flights about as often while they connect
_CONSENT_INTERVAL = 4.0
_MAX_DATAGRAM = 1200
_RECORD_HEADER_SIZE = 13

# libsrtp's profile, length of key, length of salt
_PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
DEFAULT_PROFILES = b":".join(_PROFILES)


@dataclass(frozen=True)
class RemoteEndpoint:
    """What the client learns from an answer."""

    address: tuple[str, int]
    ufrag: str
    pwd: str


class MediaClient:
    """One connection of a peer; `setup` is the client's own DTLS role, "active" or "passive".

    Plain packets are collected in `rtp` and `rtcp`. Load generators override `receive_rtp`, which
    gets the datagram as it came, to count without decrypting.
    """

    def __init__(
        self,
        *,
        setup: str = "active",
        identity: Identity | None = None,
        profiles: bytes = DEFAULT_PROFILES,
        ciphers: bytes = b"DEFAULT",
        ip: str = "127.0.0.1",
        nominates: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(12)
        self.identity = identity or ecdsa_identity()
        self.nominates = nominates
        self.sends_checks = True
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self.checks_answered = 0
        self.profile = b""
        self.connected: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.remote: RemoteEndpoint | None = None
        self._setup = setup
        self._family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._socket = self._open_socket(ip)
        self._inbound: pylibsrtp.Session | None = None
        self._outbound: pylibsrtp.Session | None = None
        self._flight: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._arrived = asyncio.Event()
        self._ssl = self._create_ssl(profiles, ciphers)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return host, port

    def connect(self, remote: RemoteEndpoint) -> None:
        """Begin to check and to shake hands; `connected` tells the outcome."""
        self.remote = remote
        self._tick()

    def say_hello(self, remote: RemoteEndpoint) -> None:
        """Send the first DTLS flight before any check, as some stacks do."""
        self.remote = remote
        self._shake_hands()

    def move(self, ip: str = "127.0.0.1") -> None:
        """Go on from another local address, as when a phone leaves the Wi-Fi."""
        self._close_socket()
        self._socket = self._open_socket(ip)
        self.send_check()

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
        self.send(bytes(check))

    def send(self, datagram: bytes) -> None:
        assert self.remote is not None
        self._socket.sendto(datagram, self.remote.address)

    def send_rtp(self, packet: bytes) -> bytes:
        """Return the datagram that was sent."""
        assert self._outbound is not None
        datagram = self._outbound.protect(packet)
        self.send(datagram)
        return datagram

    def send_rtcp(self, compound: bytes) -> bytes:
        """Return the datagram that was sent."""
        assert self._outbound is not None
        datagram = self._outbound.protect_rtcp(compound)
        self.send(datagram)
        return datagram

    async def wait_for(self, *, rtp: int = 0, rtcp: int = 0, checks_answered: int = 0) -> None:
        """Wait until so many of each have come."""
        while (
            len(self.rtp) < rtp or len(self.rtcp) < rtcp or self.checks_answered < checks_answered
        ):
            self._arrived.clear()
            await self._arrived.wait()

    def close(self, *, silently: bool = False) -> None:
        """Close with a close-notify, or vanish."""
        if self._timer is not None:
            self._timer.cancel()
        if self._outbound is not None and not silently:
            self._ssl.shutdown()
            self._flush()
        self._close_socket()

    def receive_rtp(self, datagram: bytes) -> None:
        assert self._inbound is not None
        self.rtp.append(self._inbound.unprotect(datagram))

    def receive_rtcp(self, datagram: bytes) -> None:
        assert self._inbound is not None
        self.rtcp.append(self._inbound.unprotect_rtcp(datagram))

    def _open_socket(self, ip: str) -> socket.socket:
        udp = socket.socket(self._family, socket.SOCK_DGRAM)
        udp.setblocking(False)
        udp.bind((ip, 0))
        self._loop.add_reader(udp.fileno(), self._on_readable)
        return udp

    def _close_socket(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _create_ssl(self, profiles: bytes, ciphers: bytes) -> SSL.Connection:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_privatekey(self.identity.key)
        context.use_certificate(self.identity.certificate)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_cipher_list(ciphers)
        context.set_tlsext_use_srtp(profiles)
        connection = SSL.Connection(context)
        if self._setup == "active":
            connection.set_connect_state()
        else:
            connection.set_accept_state()
        return connection

    def _tick(self) -> None:
        if self.sends_checks:
            self.send_check()
        if self._outbound is None and self.checks_answered:
            for datagram in self._flight:
                self.send(datagram)
        interval = _TICK if self._outbound is None else _CONSENT_INTERVAL
        self._timer = self._loop.call_later(interval, self._tick)

    def _on_readable(self) -> None:
        try:
            while True:
                self._receive(self._socket.recv(2048))
        except (BlockingIOError, ConnectionRefusedError):
            pass
        self._arrived.set()

    def _receive(self, datagram: bytes) -> None:
        first_byte = datagram[0]
        if first_byte < 4:
            self._receive_stun(datagram)
        elif 20 <= first_byte < 64:
            self._ssl.bio_write(datagram)
            if self._outbound is None:
                self._shake_hands()
            else:
                self._read_dtls()
        elif self._inbound is not None and 192 <= datagram[1] <= 223:
            self.receive_rtcp(datagram)
        elif self._inbound is not None:
            self.receive_rtp(datagram)

    def _receive_stun(self, datagram: bytes) -> None:
        response = stun.parse_message(datagram)
        assert self.remote is not None
        assert response.check_message_integrity(self.remote.pwd.encode())
        assert response.message_class == stun.Class.RESPONSE
        assert response.attributes["XOR-MAPPED-ADDRESS"] == self.address
        self.checks_answered += 1
        if self.checks_answered == 1 and self._setup == "active" and not self._flight:
            self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error as error:
            self._flush()
            if not self.connected.done():
                self.connected.set_exception(ConnectionError(repr(error)))
            return
        self._flush()
        self._derive_keys()
        self.connected.set_result(None)

    def _read_dtls(self) -> None:
        try:
            self._ssl.recv(1500)
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
                written += self._ssl.bio_read(65536)
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
        self.profile = self._ssl.get_selected_srtp_profile()
        profile, key, salt = _PROFILES[self.profile]
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        ours, theirs = (client, server) if self._setup == "active" else (server, client)
        self._inbound = pylibsrtp.Session(_policy(theirs, Policy.SSRC_ANY_INBOUND, profile))
        self._outbound = pylibsrtp.Session(_policy(ours, Policy.SSRC_ANY_OUTBOUND, profile))


def _policy(key: bytes, direction: int, profile: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return policy
