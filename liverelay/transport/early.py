"""Keeping what arrives before its session is ready for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.transport.types import Address

# A ClientHello is one datagram, or two with a post-quantum key share.
_MAX_PER_ADDRESS = 4

# Anyone can send here, so this is what a flood may cost: about 400 kB.
_MAX_ADDRESSES = 64

# The connectivity check that makes sense of a ClientHello follows within a round trip.
_LIFETIME = 5.0


class EarlyHandshakes:
    """First DTLS datagrams from addresses that no check has authenticated yet.

    A ClientHello may overtake the check, or the check may be lost. Dropping the hello would cost
    the peer OpenSSL's second before it repeats it. When there are too many, the oldest goes.
    """

    def __init__(self) -> None:
        self._kept: dict[Address, tuple[float, list[bytes]]] = {}

    def keep(self, datagram: bytes, address: Address, now: float) -> bool:
        """Return whether there was room."""
        expiry, datagrams = self._kept.pop(address, (0.0, []))
        if expiry <= now:
            expiry, datagrams = now + _LIFETIME, []
        has_room = len(datagrams) < _MAX_PER_ADDRESS
        if has_room:
            datagrams.append(datagram)
        self._kept[address] = (expiry, datagrams)
        if len(self._kept) > _MAX_ADDRESSES:
            del self._kept[next(iter(self._kept))]
        return has_room

    def take(self, address: Address, now: float) -> list[bytes]:
        """Return what was kept for `address`, and keep it no longer."""
        expiry, datagrams = self._kept.pop(address, (0.0, []))
        return datagrams if expiry > now else []
