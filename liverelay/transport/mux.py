"""All peers on one UDP port: whose datagram is this, and is it worth anybody's time?

A session is found by the source address, and an address belongs to a session since a connectivity
check from it was authenticated. Whatever fails on the way is counted by its reason, and that is all
that happens: nothing a stranger sends is answered, and nothing raises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.demux import DatagramKind, classify
from liverelay.transport.counters import DropReason, TransportCounters
from liverelay.transport.deadlines import DeadlineQueue
from liverelay.transport.early import EarlyHandshakes
from liverelay.transport.ice import is_binding_request, local_ufrag, parse_stun
from liverelay.transport.peer_transport import PeerTransport, SessionState
from liverelay.transport.srtp import SrtpSealer
from liverelay.transport.targets import TargetTable
from liverelay.transport.turnstile import Turnstile

if TYPE_CHECKING:
    from aioice import stun

    from liverelay.transport.dtls import ServerCertificate
    from liverelay.transport.peer_transport import MediaSink, SessionParameters
    from liverelay.transport.types import Address, SendDatagram, StartTask

_DTLS_HANDSHAKE = 22
_DTLS_RECORD_HEADER_SIZE = 13


@dataclass(slots=True)
class _Entry:
    """A session, and under what the look-ups have it."""

    transport: PeerTransport
    ufrags: tuple[str, ...] = ()
    addresses: set[Address] = field(default_factory=set)


class Mux:
    """The sessions of one port.

    `send` must not block; it may serve several sockets and choose by address. After any call, and
    after any callback from a session, `deadline` says when `handle_timeout` wants to be called.
    """

    def __init__(
        self,
        send: SendDatagram,
        *,
        certificate: ServerCertificate,
        start_task: StartTask,
    ) -> None:
        self.counters = TransportCounters()
        self.sealer = SrtpSealer()
        self.targets = TargetTable()
        self.turnstile = Turnstile()
        self._send = send
        self._certificate = certificate
        self._start_task = start_task
        self._by_address: dict[Address, PeerTransport] = {}
        self._by_ufrag: dict[str, PeerTransport] = {}
        self._entries: dict[str, _Entry] = {}
        self._deadlines = DeadlineQueue()
        self._early = EarlyHandshakes()

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, parameters: SessionParameters, sink: MediaSink, now: float) -> PeerTransport:
        """Expect a peer that knows `parameters.credentials`."""
        transport = PeerTransport(
            parameters,
            certificate=self._certificate,
            sink=sink,
            network=self,
            start_task=self._start_task,
            now=now,
        )
        self._entries[transport.name] = _Entry(transport)
        self.settle(transport)
        return transport

    def receive(self, datagram: bytes, address: Address, now: float) -> None:
        """Take one datagram from the socket."""
        kind = classify(datagram)
        transport = self._by_address.get(address)
        if kind is DatagramKind.RTP:
            if transport is None:
                self.counters.drop(DropReason.SRTP_STRANGER)
            else:
                transport.receive_rtp(datagram, now)
        elif kind is DatagramKind.RTCP:
            if transport is None:
                self.counters.drop(DropReason.SRTP_STRANGER)
            else:
                transport.receive_rtcp(datagram, now)
        elif kind is DatagramKind.STUN:
            self._receive_stun(datagram, address, now)
        elif kind is DatagramKind.DTLS:
            self._receive_dtls(datagram, transport, address, now)
        else:
            self.counters.drop(DropReason.UNKNOWN_KIND if datagram else DropReason.EMPTY)

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called, or None if nothing is waited for."""
        return self._deadlines.deadline()

    def handle_timeout(self, now: float) -> None:
        for name in self._deadlines.take_due(now):
            transport = self._entries[name].transport
            if transport.deadline() <= now:
                transport.handle_timeout(now)
            self.settle(transport)

    def close(self) -> None:
        """Close every session; their peers are told as soon as the event loop runs."""
        for entry in tuple(self._entries.values()):
            entry.transport.close()

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        """Send one datagram, or count why not."""
        try:
            self._send(datagram, address)
        except BlockingIOError:
            self.counters.unsent_full += 1
        except OSError:
            self.counters.unsent_failed += 1
        else:
            self.counters.sent += 1
            self.counters.sent_octets += len(datagram)

    def settle(self, transport: PeerTransport) -> None:
        """Bring the look-ups in line with what a session has become."""
        entry = self._entries.get(transport.name)
        if entry is None:
            return
        self._bind_addresses(entry)
        if (ufrags := transport.ufrags) != entry.ufrags:
            for ufrag in entry.ufrags:
                del self._by_ufrag[ufrag]
            self._by_ufrag.update(dict.fromkeys(ufrags, transport))
            entry.ufrags = ufrags
        if transport.state is SessionState.CLOSED:
            del self._entries[transport.name]
            self._deadlines.forget(transport.name)
        else:
            self._deadlines.arm(transport.name, transport.deadline())

    def _bind_addresses(self, entry: _Entry) -> None:
        transport, bound = entry.transport, entry.addresses
        paths = transport.paths
        for address in bound.difference(paths):
            bound.discard(address)
            if self._by_address.get(address) is transport:
                del self._by_address[address]
        for address in paths:
            if address not in bound:
                bound.add(address)
                self._by_address[address] = transport

    def _receive_stun(self, datagram: bytes, address: Address, now: float) -> None:
        try:
            message = parse_stun(datagram)
        except MalformedPacketError:
            self.counters.drop(DropReason.STUN_MALFORMED)
            return
        transport = self._authenticate(message)
        if isinstance(transport, DropReason):
            self.counters.drop(transport)
            return
        holder = self._by_address.get(address)
        if holder is not None and holder is not transport and holder.is_lively(now):
            # A check with a forged source must not cut off the session that really lives there.
            # One whose peer has gone makes room, as when a NAT gives its port to the next client.
            self.counters.drop(DropReason.STUN_ADDRESS_IN_USE)
            return
        transport.handle_check(message, address, now)
        self.settle(transport)
        if address in transport.paths:
            self._by_address[address] = transport
            for early in self._early.take(address, now):
                transport.receive_dtls(early, address)

    def _authenticate(self, message: stun.Message) -> PeerTransport | DropReason:
        """Return the session whose check this is, or why it is nobody's."""
        if not is_binding_request(message):
            return DropReason.STUN_UNEXPECTED
        ufrag = local_ufrag(message)
        if ufrag is None:
            return DropReason.STUN_UNAUTHENTICATED
        transport = self._by_ufrag.get(ufrag)
        if transport is None:
            return DropReason.STUN_UNKNOWN_UFRAG
        if not transport.authenticates(message):
            return DropReason.STUN_WRONG_INTEGRITY
        return transport

    def _receive_dtls(
        self, datagram: bytes, transport: PeerTransport | None, address: Address, now: float
    ) -> None:
        if not _is_dtls(datagram):
            self.counters.drop(DropReason.DTLS_MALFORMED)
        elif transport is not None:
            transport.receive_dtls(datagram, address)
        elif datagram[0] != _DTLS_HANDSHAKE or not self._early.keep(datagram, address, now):
            self.counters.drop(DropReason.DTLS_STRANGER)


def _is_dtls(datagram: bytes) -> bool:
    """Return whether the first record is whole; DTLS 1.3's own records say too little to tell."""
    if datagram[0] >= 32:
        return True
    if len(datagram) < _DTLS_RECORD_HEADER_SIZE or datagram[1] != 0xFE:
        return False
    return _DTLS_RECORD_HEADER_SIZE + int.from_bytes(datagram[11:13], "big") <= len(datagram)
