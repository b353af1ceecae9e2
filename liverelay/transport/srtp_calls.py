"""What is asked of libsrtp, and asking it by pylibsrtp's public methods, which always works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pylibsrtp

from liverelay.errors import RemoteError
from liverelay.transport.counters import DropReason

if TYPE_CHECKING:
    from pylibsrtp import Session

# More than any datagram on a path of 1,500 bytes, with room for what protection adds.
MAX_PACKET_SIZE = 2048

# SRTP_MAX_TRAILER_LEN and the SRTCP index, in libsrtp's srtp.h: what `protect` may write past the
# end of the packet.
MAX_TRAILER_SIZE = 4 + 16 + 128

_REASONS = {
    "authentication failure": DropReason.SRTP_UNAUTHENTICATED,
    "replay check failed (bad index)": DropReason.SRTP_REPLAYED,
    "replay check failed (index too old)": DropReason.SRTP_REPLAYED,
    "packet index is too old to consider": DropReason.SRTP_REPLAYED,
}


class RejectedPacketError(RemoteError):
    """A packet is not what the holder of the keys sent, or not for the first time."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class UnprotectableError(Exception):
    """A packet of ours cannot be protected: too long, or older than the replay window."""


class SrtpCalls(Protocol):
    """The two things that libsrtp does to a packet."""

    def adopt(self, session: Session) -> Session:
        """Return a session whose packets will all be given to these calls."""

    def unprotect(self, session: Session, datagram: bytes, *, is_rtcp: bool) -> bytes:
        """Return the plain packet.

        Raises:
            RejectedPacketError: It fails authentication, is a replay, or is malformed.
        """

    def protect(self, session: Session, packet: memoryview, size: int, *, is_rtcp: bool) -> int:
        """Protect the first `size` bytes of `packet` in place; return how many they are then.

        Raises:
            UnprotectableError: libsrtp refuses it.
        """


class SessionCalls:
    """Copies in and out of pylibsrtp, which takes packets of up to 1,356 bytes."""

    def adopt(self, session: Session) -> Session:
        return session

    def unprotect(self, session: Session, datagram: bytes, *, is_rtcp: bool) -> bytes:
        unprotect = session.unprotect_rtcp if is_rtcp else session.unprotect
        try:
            plain: bytes = unprotect(datagram)
        except pylibsrtp.Error as error:
            raise RejectedPacketError(_REASONS.get(str(error), DropReason.SRTP_MALFORMED)) from None
        except ValueError:
            raise RejectedPacketError(DropReason.SRTP_OVERSIZE) from None
        return plain

    def protect(self, session: Session, packet: memoryview, size: int, *, is_rtcp: bool) -> int:
        protect = session.protect_rtcp if is_rtcp else session.protect
        try:
            sealed: bytes = protect(bytes(packet[:size]))
        except (pylibsrtp.Error, ValueError) as error:
            raise UnprotectableError(str(error)) from None
        packet[: len(sealed)] = sealed
        return len(sealed)
