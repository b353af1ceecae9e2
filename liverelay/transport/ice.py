"""An ICE-lite responder (RFC 8445 section 2.5) on aioice's STUN messages, without a socket.

A lite agent gathers nothing and checks nothing: it answers the peer's authenticated connectivity
checks and follows the pair the peer nominates. What is not authenticated is never answered, so
the server cannot be used to reflect traffic, and is told apart only by the counters.
"""

from __future__ import annotations

import secrets
import struct
from typing import TYPE_CHECKING

from aioice import stun

from liverelay.errors import MalformedPacketError
from liverelay.sdp.connection import IceCredentials
from liverelay.transport.binding_response import binding_success

if TYPE_CHECKING:
    from collections.abc import Collection

    from liverelay.transport.types import Address

# RFC 7675 section 5.1: heard of for so long by neither a check nor authentic media (docs/adr/015),
# the peer no longer agrees to be sent to.
CONSENT_LIFETIME = 30.0

# How long what was under way when the peer moved is still taken: packets from its old address, and
# checks with the credentials of before its restart.
_HANDOVER_GRACE = 2.0

# A peer checks from each of its own addresses; eight covers IPv4 and IPv6 on four interfaces.
_MAX_PATHS = 8

# RFC 8445 section 5.3 asks for 24 and 128 bits; more costs nothing, and makes ufrags unique here.
_UFRAG_SIZE = 6
_PWD_SIZE = 18

_NEVER = float("inf")

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
    if "USERNAME" not in message.attributes or "MESSAGE-INTEGRITY" not in message.attributes:
        return None
    return _ufrag_of(message)


class IceSession:
    """The addresses from which one peer may reach us, and the one it is reached at.

    An address is a path for as long as its own consent lasts. The newest nomination decides where
    we send; before the first one it is the address that DTLS, or else the first check, came from,
    since some peers nominate only after they have sent their ClientHello.

    A restart (RFC 8445 section 9) adds credentials, and changes nothing until a path is nominated
    with them: the peer may never get the answer that holds them. From then on the old ones
    nominate no more, and soon they are forgotten. There are never more than two.

    Times are seconds on the caller's monotonic clock.
    """

    __slots__ = (
        "_expiries",
        "_fallback",
        "_forget_at",
        "_hope_ends_at",
        "_keys",
        "_nominated",
        "_ufrag",
    )

    def __init__(self, credentials: IceCredentials, now: float) -> None:
        self._ufrag = credentials.ufrag
        self._keys = {credentials.ufrag: credentials.pwd.encode()}
        self._forget_at = _NEVER
        self._expiries: dict[Address, float] = {}
        self._nominated: Address | None = None
        self._fallback: Address | None = None
        self._hope_ends_at = now + CONSENT_LIFETIME

    @property
    def ufrags(self) -> tuple[str, ...]:
        """Those whose checks are answered."""
        return tuple(self._keys)

    @property
    def paths(self) -> Collection[Address]:
        """The authenticated addresses that have not expired."""
        return self._expiries.keys()

    @property
    def remote_address(self) -> Address | None:
        """Where to send, or None while there is no path."""
        return self._nominated or self._fallback

    def is_abandoned(self, now: float) -> bool:
        """Return whether there is no path, and none to be expected after this long."""
        return not self._expiries and now >= self._hope_ends_at

    def restart(self, credentials: IceCredentials, now: float) -> None:
        """Take checks with these credentials, too, and prefer them once they nominate a path.

        Those of a restart before, if they have not, are forgotten. A peer without a path gets as
        long as a new one to come up with it; until then nothing is sent.
        """
        self._keys = {
            self._ufrag: self._keys[self._ufrag],
            credentials.ufrag: credentials.pwd.encode(),
        }
        self._forget_at = _NEVER
        self._hope_ends_at = now + CONSENT_LIFETIME

    def authenticates(self, request: stun.Message) -> bool:
        return request.check_message_integrity(self._key_for(request))

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
        response.add_message_integrity(self._key_for(request))
        return bytes(response)

    def accept(self, request: stun.Message, address: Address, now: float) -> bytes:
        """Take an authenticated check as consent for `address`; return the response to it."""
        ufrag = _ufrag_of(request)
        if ufrag == self._ufrag or self._forget_at == _NEVER:
            self._consent(ufrag, address, now, nominates="USE-CANDIDATE" in request.attributes)
        return binding_success(request.transaction_id, address, self._key_for(request))

    def on_dtls(self, address: Address) -> None:
        """Note that DTLS came from this path."""
        self._fallback = address

    def on_media(self, heard_at: float) -> None:
        """Note that authentic packets came last at this time: they stand in for checks.

        Not for a path that the peer is leaving: it checks another one by then.
        """
        address = self.remote_address
        if address is None or address not in self._expiries:
            return
        if self._expiries[address] == max(self._expiries.values()):
            expiry = heard_at + CONSENT_LIFETIME
            self._expiries[address] = max(self._expiries[address], expiry)

    def deadline(self) -> float:
        """Return when `handle_timeout` wants to be called."""
        return min(min(self._expiries.values(), default=self._hope_ends_at), self._forget_at)

    def handle_timeout(self, now: float) -> None:
        """Drop the paths whose consent is over; if none is left, neither is consent."""
        for address in [a for a, expiry in self._expiries.items() if expiry <= now]:
            self._drop(address)
        if self._forget_at <= now:
            self._keys = {self._ufrag: self._keys[self._ufrag]}
            self._forget_at = _NEVER

    def _key_for(self, request: stun.Message) -> bytes:
        return self._keys[_ufrag_of(request)]

    def _consent(self, ufrag: str, address: Address, now: float, *, nominates: bool) -> None:
        self._expiries[address] = now + CONSENT_LIFETIME
        if nominates:
            self._nominate(address, now)
            if ufrag != self._ufrag:
                self._ufrag = ufrag
                self._forget_at = now + _HANDOVER_GRACE
        elif self._fallback is None:
            self._fallback = address
        if len(self._expiries) > _MAX_PATHS:
            self._evict(address)

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


def _ufrag_of(request: stun.Message) -> str:
    ufrag: str = request.attributes["USERNAME"].partition(":")[0]
    return ufrag
