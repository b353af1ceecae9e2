"""The way between aiortc's DTLS and the one UDP port: datagrams in, in turn, and out."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from liverelay.transport.turnstile import Turnstile

# A flight is a handful of datagrams; what a peer sends beyond that is not a handshake.
_MAX_INBOX = 32


class Sender(Protocol):
    """The session whose datagrams these are."""

    def send_dtls(self, datagram: bytes) -> None: ...


class DtlsChannel:
    """What aiortc takes for its ICE transport: an inbox filled by the mux, and a way out."""

    def __init__(self, listener: Sender, turnstile: Turnstile, *, is_client: bool) -> None:
        # aiortc derives the DTLS role from this one; ours is the answer's `setup`, whatever ICE is.
        self.role = "controlled" if is_client else "controlling"
        self._listener = listener
        self._turnstile = turnstile
        self._inbox: deque[bytes] = deque()
        self._readable = asyncio.Event()
        self._is_closed = False
        self._first_flight: list[bytes] | None = [] if is_client else None

    @property
    def is_idle(self) -> bool:
        """Whether all that came has been read."""
        return not self._inbox

    def receive(self, datagram: bytes) -> bool:
        if self._is_closed or len(self._inbox) >= _MAX_INBOX:
            return False
        self._first_flight = None
        self._inbox.append(datagram)
        self._readable.set()
        return True

    def repeat_first_flight(self) -> bool:
        for datagram in self._first_flight or ():
            self._listener.send_dtls(datagram)
        return self._first_flight is not None

    def close(self) -> None:
        self._is_closed = True
        self._first_flight = None
        self._readable.set()

    async def take(self) -> bytes:
        """Wait for the next datagram.

        Raises:
            ConnectionError: The session is being closed.
        """
        while not self._inbox:
            if self._is_closed:
                raise ConnectionError
            self._readable.clear()
            await self._readable.wait()
        return self._inbox.popleft()

    async def take_in_turn(self, patience: float | None) -> bytes:
        """Wait for the next datagram and, if it begins a flight, for our turn to work on that.

        Raises:
            ConnectionError: The session is being closed.
            TimeoutError: Nothing has come in `patience` seconds.
        """
        begins_flight = self.is_idle
        async with asyncio.timeout(patience):
            datagram = await self.take()
        if begins_flight:
            await self._turnstile.enter()
        return datagram

    async def _recv(self) -> bytes:
        return await self.take()

    async def _send(self, data: bytes) -> None:
        if self._first_flight is not None:
            self._first_flight.append(data)
        self._listener.send_dtls(data)
