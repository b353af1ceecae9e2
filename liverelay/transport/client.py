"""The client's half of a connection: one UDP socket, connectivity checks, DTLS and SRTP.

For load tests, benchmarks and tests. It is made to be cheap, so that hundreds fit into a process:
it neither decodes nor buffers, and decrypts only what its owner asks for. It shares no code with
the server's half, so that the two can disagree.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pylibsrtp
from aioice import stun
from typing_extensions import override

from liverelay.transport.client_dtls import ClientDtls

if TYPE_CHECKING:
    from liverelay.transport.client_dtls import ClientCertificate
    from liverelay.transport.types import Address

_TICK = 0.05  # browsers repeat checks and flights about as often while they connect
_CONSENT_INTERVAL = 4.0
_CONSENT_TIMEOUT = 30.0  # RFC 7675 section 5.1
_MAX_RECEIVED = 2048

# A keyframe to one viewer is some sixty packets; the default of Linux holds about as many.
_RECEIVE_BUFFER = 1 << 20

# Takes datagrams of both families; RFC 4291 section 2.5.5.2 maps the addresses of IPv4.
_ANY_IP = "::"
_IPV4_MAPPED = "::ffff:"

# After this many datagrams the other clients of the process have their turn.
_MAX_BURST = 64


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

    @override
    def __str__(self) -> str:
        hosts = [(f"[{host}]" if ":" in host else host, port) for host, port, *_ in self.addresses]
        return ", ".join(f"{host}:{port}" for host, port in hosts)


class MediaClient:
    """One connection of a peer; `setup` is its own DTLS role, "active" or "passive".

    Without an `ip` of its own its socket has any, of both families where the machine has them.

    `connected` is set when packets may be sent, or to a `ConnectionError`; `closed` when the other
    side says goodbye, or has answered no check for half a minute. Packets go to `on_rtp` and
    `on_rtcp`, as they came and still sealed: a subclass opens those that it wants to see.
    """

    def __init__(
        self,
        certificate: ClientCertificate,
        *,
        setup: str = "active",
        ip: str | None = None,
        nominates: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(12)
        self.identity = certificate.identity
        self._certificate = certificate
        self.setup = setup
        self.nominates = nominates
        self.checks_answered = 0
        self.profile = b""
        self.reflexive_address: Address | None = None
        self.connected: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.remote: RemoteEndpoint | None = None
        self._path: Address | None = None
        self.ip = ip
        self._socket = self._open_socket(ip)
        self._inbound: pylibsrtp.Session | None = None
        self._outbound: pylibsrtp.Session | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._consent_until = 0.0
        self._dtls: ClientDtls | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def is_open(self) -> bool:
        return self._socket.fileno() >= 0

    @property
    def is_connected(self) -> bool:
        return self._outbound is not None and not self.closed.done()

    def connect(self, remote: RemoteEndpoint) -> None:
        """Begin to check and to shake hands; `connected` tells the outcome."""
        self.remote = remote
        errors = self.send_check()
        if len(errors) == len(remote.addresses):
            why = f"cannot send to {remote}: {errors[0].strerror}"
            self.connected.set_exception(ConnectionError(why))
            return
        self._timer = self._loop.call_later(_TICK, self._tick)

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

    def send_check(self) -> list[OSError]:
        """Send a check to each address; return why some of them cannot be sent to."""
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
        errors = [self._send_to(bytes(check), address) for address in addresses]
        return [error for error in errors if error is not None]

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
        if self._outbound is not None and self._dtls is not None and not silently:
            self._dtls.say_goodbye()
            self._send_dtls()
        self._close_socket()

    def _open_socket(self, ip: str | None) -> socket.socket:
        udp = _bound_socket(ip) if ip is not None else _socket_of_any_family()
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._loop.add_reader(udp.fileno(), self._on_readable)
        return udp

    def _close_socket(self) -> None:
        if self.is_open:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _send_to(self, datagram: bytes, address: Address) -> OSError | None:
        """Send, or return why there is no way; what meets a full buffer is lost without a word."""
        if self._socket.family == socket.AF_INET6 and ":" not in address[0]:
            address = (_IPV4_MAPPED + address[0], address[1])
        try:
            self._socket.sendto(datagram, address)
        except BlockingIOError:
            pass
        except OSError as error:
            return error
        return None

    def _open_dtls(self) -> ClientDtls:
        # Not before it is needed: until then the role may change.
        if self._dtls is None:
            self._dtls = ClientDtls(self._certificate, self.setup)
        return self._dtls

    def _tick(self) -> None:
        if self._outbound is not None and self._loop.time() > self._consent_until:
            self._end()
            return
        self.send_check()
        if self._outbound is None and self._dtls is not None and self.checks_answered:
            for datagram in self._dtls.flight:
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
            if not self.is_open:
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
            self._consent_until = self._loop.time() + _CONSENT_TIMEOUT
            if self.checks_answered == 1 and self.setup == "active" and self._dtls is None:
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

    def _end(self) -> None:
        """Send no more checks: the other side has gone."""
        if self._timer is not None:
            self._timer.cancel()
        if not self.closed.done():
            self.closed.set_result(None)

    def _receive_dtls(self, datagram: bytes) -> None:
        dtls = self._open_dtls()
        dtls.receive(datagram)
        if self._outbound is None:
            self._shake_hands()
            return
        if dtls.says_goodbye():
            self._end()
        self._send_dtls()

    def _shake_hands(self) -> None:
        if self.connected.done():
            return
        dtls = self._open_dtls()
        try:
            is_done = dtls.shake_hands()
        except ConnectionError as error:
            self.connected.set_exception(error)
            return
        finally:
            self._send_dtls()
        if is_done:
            self._finish(dtls)

    def _finish(self, dtls: ClientDtls) -> None:
        if dtls.is_peer(self.remote.fingerprints if self.remote is not None else ()):
            self.profile, self._inbound, self._outbound = dtls.derive_keys()
            self.connected.set_result(None)
        else:
            self.connected.set_exception(ConnectionError("DTLS: not the certificate of the answer"))

    def _send_dtls(self) -> None:
        for datagram in self._open_dtls().take_datagrams():
            self.send(datagram)


def _socket_of_any_family() -> socket.socket:
    try:
        return _bound_socket(_ANY_IP)
    except OSError:  # a machine without IPv6
        return _bound_socket("0.0.0.0")


def _bound_socket(ip: str) -> socket.socket:
    """Raises: OSError: The machine has no such address, or the process too many open files."""
    udp = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if ip == _ANY_IP:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        udp.bind((ip, 0))
    except OSError:
        udp.close()
        raise
    return udp
