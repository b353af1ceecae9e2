"""Sessions of one mux on simulated time: no socket, no event loop, no handshake."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from liverelay.transport.dtls import ServerCertificate
from liverelay.transport.ice import generate_credentials
from liverelay.transport.mux import Mux
from liverelay.transport.peer_transport import PeerTransport, SessionParameters
from liverelay.transport.srtp import SrtpInbound, SrtpOutbound
from tests.support.loopback import RecordingSink
from tests.support.srtp import inbound_session, outbound_session
from tests.support.stun import binding_request
from tests.support.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Coroutine

HOME = ("192.0.2.1", 4000)
OFFICE = ("192.0.2.2", 5000)
FINGERPRINT = ("sha-256", "AA")
CERTIFICATE = ServerCertificate()
HELLO = b"\x16\xfe\xfd" + bytes(8) + b"\0\1x"


class World:
    """A mux, what it sends, and a peer that holds the keys of every session."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.tasks: list[str] = []
        self.mux = Mux(self.wire.send, certificate=CERTIFICATE, start_task=self._start_task)
        self.counters = self.mux.counters
        self._sender = outbound_session()
        self._sequence_number = 0

    def _start_task(self, coroutine: Coroutine[None, None, None], *, name: str) -> None:
        coroutine.close()
        self.tasks.append(name)

    def open(self, setup: str = "passive") -> Session:
        return Session(self, setup)

    def send_rtp(self, address: tuple[str, int], now: float) -> None:
        self._sequence_number += 1
        packet = struct.pack("!BBHII", 0x80, 96, self._sequence_number, 3000, 1234)
        self.mux.receive(self._sender.protect(packet), address, now)

    def pass_time(self, until: float) -> None:
        """Call the mux whenever it wants to be called."""
        while (deadline := self.mux.deadline()) is not None and deadline <= until:
            self.mux.handle_timeout(deadline)


class Session:
    def __init__(self, world: World, setup: str) -> None:
        self._world = world
        self.credentials = generate_credentials()
        self.sink = RecordingSink()
        parameters = SessionParameters(self.credentials, setup, [FINGERPRINT])
        self.transport: PeerTransport = world.mux.open(parameters, self.sink, now=0.0)

    def check(self, address: tuple[str, int], now: float, *, nominate: bool = True) -> None:
        request = binding_request(self.credentials, nominate=nominate)
        self._world.mux.receive(request, address, now)

    def restart(self, now: float) -> None:
        self.credentials = generate_credentials()
        self.transport.restart_ice(self.credentials, now)

    def connect(self, address: tuple[str, int], now: float) -> None:
        self.check(address, now)
        self.transport.on_dtls_connected(
            SrtpInbound(inbound_session()), SrtpOutbound(outbound_session()), now
        )
