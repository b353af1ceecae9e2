"""A socket that keeps what is sent, for a mux without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.transport.types import Address


class Wire:
    """Refuses what comes after `room` datagrams with `error`."""

    def __init__(self, room: int = 1000, error: type[OSError] = BlockingIOError) -> None:
        self.sent: list[tuple[bytes, Address]] = []
        self._room = room
        self._error = error

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        if len(self.sent) >= self._room:
            raise self._error
        self.sent.append((bytes(datagram), address))
