"""An ICE-lite responder (RFC 8445 section 2.5) on aioice's STUN messages, without a socket.

A lite agent gathers nothing and checks nothing: it answers the peer's authenticated connectivity
checks and follows the pair the peer nominates. What is not authenticated is never answered, so
the server cannot be used to reflect traffic, and is told apart only by the counters.
"""

from __future__ import annotations

import ipaddress
import secrets
import struct
from typing import TYPE_CHECKING

from aioice import stun

from liverelay.errors import MalformedPacketError
from liverelay.sdp.connection import IceCredentials

if TYPE_CHECKING:
    from collections.abc import Collection

    from liverelay.transport.types import Address

# RFC 7675 section 5.1: without a check for this long, the peer no longer agrees to be sent to.
CONSENT_LIFETIME = 30.0

# How long packets that were under way when the peer moved are still taken from its old address.
_HANDOVER_GRACE = 2.0

# A peer checks from each of its own addresses; eight covers IPv4 and IPv6 on four interfaces.
_MAX_PATHS = 8

# RFC 8445 section 5.3 asks for 24 and 128 bits; more costs nothing, and makes ufrags unique here.
_UFRAG_SIZE = 6
_PWD_SIZE = 18

_ROLE_CONFLICT = (487, "Role Conflict")


def generate_credentials() -> IceCredentials:
    # Hexadecimal for the ufrag, because the colon and the characters of URL-safe base64 are
    # not ice-chars; 36 hexadecimal digits are 144 bits.
    return IceCredentials(secrets.token_hex(_UFRAG_SIZE), secrets.token_hex(_PWD_SIZE))


def parse_stun(datagram: bytes) -> stun.Message:
    """Read a STUN message whose integrity is yet to be checked.

    Raises:
        MalformedPacketError: It is not STUN, or an attribute is broken.
    """
    if datagram[4:8] != stun.COOKIE.to_bytes(4, "big"):
        raise MalformedPacketError("STUN magic cookie is missing")
    try:
        return stun.parse_message(datagram)
    except (ValueError, struct.error) as error:  # aioice unpacks attributes without a length check
        raise MalformedPacketError(str(error)) from error


def is_binding_request(message: stun.Message) -> bool:
    return (
        message.message_method == stun.Method.BINDING
        and message.message_class == stun.Class.REQUEST
    )


def local_ufrag(message: stun.Message) -> str | None:
    """Return whose check this claims to be, or None if it cannot be authenticated at all."""
    username = message.attributes.get("USERNAME")
    if username is None or "MESSAGE-INTEGRITY" not in message.attributes:
        return None
    ufrag: str = username.partition(":")[0]
    return ufrag


class IceSession:
    """The addresses from which one peer may reach us, and the one it is reached at.

    An address is a path for as long as its own consent lasts. The newest nomination decides where
    we send; before the first one it is the address that DTLS, or else the first check, came from,
    since some peers nominate only after they have sent their ClientHello.

    Times are seconds on the caller's monotonic clock.
    """

    __slots__ = ("_expiries", "_fallback", "_first_check_deadline", "_key", "_nominated")

    def __init__(self, credentials: IceCredentials, now: float) -> None:
        self._key = credentials.pwd.encode()
        self._expiries: dict[Address, float] = {}
        self._nominated: Address | None = None
        self._fallback: Address | None = None
        self._first_check_deadline = now + CONSENT_LIFETIME

    @property
    def paths(self) -> Collection[Address]:
        """The authenticated addresses that have not expired."""
        return self._expiries.keys()

    @property
    def remote_address(self) -> Address | None:
        """Where to send, or None while there is no path."""
        return self._nominated or self._fallback

    def authenticates(self, request: stun.Message) -> bool:
        return request.check_message_integrity(self._key)

    def conflicts(self, request: stun.Message) -> bool:
        """Return whether the peer claims the controlled side, which a lite agent always has."""
        return "ICE-CONTROLLED" in request.attributes

    def refuse_role(self, request: stun.Message) -> bytes:
        """Return the 487 that makes the peer the controlling side (RFC 8445 section 7.3.1.1)."""
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.ERROR,
            transaction_id=request.transaction_id,
            attributes={"ERROR-CODE": _ROLE_CONFLICT},
        )
        response.add_message_integrity(self._key)
        return bytes(response)

    def accept(self, request: stun.Message, address: Address, now: float) -> bytes:
        """Take an authenticated check as consent for `address`; return the response to it."""
        self._expiries[address] = now + CONSENT_LIFETIME
        if "USE-CANDIDATE" in request.attributes:
            self._nominate(address, now)
        elif self._fallback is None:
            self._fallback = address
        if len(self._expiries) > _MAX_PATHS:
            self._evict(address)
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": _reflexive(address)},
        )
        response.add_message_integrity(self._key)
        return bytes(response)

    def on_dtls(self, address: Address) -> None:
        """Note that DTLS came from this path."""
        self._fallback = address

    def deadline(self) -> float:
        """Return when `handle_timeout` wants to be called."""
        return min(self._expiries.values(), default=self._first_check_deadline)

    def handle_timeout(self, now: float) -> None:
        """Drop the paths whose consent is over; if none is left, neither is consent."""
        for address in [a for a, expiry in self._expiries.items() if expiry <= now]:
            self._drop(address)

    def _nominate(self, address: Address, now: float) -> None:
        previous = self._nominated
        if previous is not None and previous != address:
            # Not at once: an aggressive peer nominates two pairs in turn for as long as it lives,
            # and what it sends on the other one must not be lost in between.
            self._expiries[previous] = min(self._expiries[previous], now + _HANDOVER_GRACE)
        self._nominated = address

    def _evict(self, newest: Address) -> None:
        candidates = [a for a in self._expiries if a not in (self._nominated, newest)]
        self._drop(min(candidates, key=self._expiries.__getitem__))

    def _drop(self, address: Address) -> None:
        del self._expiries[address]
        if address == self._nominated:
            self._nominated = None
        if address == self._fallback or self.remote_address is None:
            self._fallback = max(self._expiries, key=self._expiries.__getitem__, default=None)


def _reflexive(address: Address) -> tuple[str, int]:
    """Return the address as the peer knows it: a dual-stack socket shows IPv4 as mapped IPv6."""
    ip = ipaddress.ip_address(address[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ip), address[1]
