"""Protecting and unprotecting packets with the SRTP sessions that a DTLS handshake gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from liverelay.transport import srtp_binding
from liverelay.transport.counters import DropReason
from liverelay.transport.srtp_calls import (
    MAX_PACKET_SIZE,
    MAX_TRAILER_SIZE,
    RejectedPacketError,
    SessionCalls,
    SrtpCalls,
    UnprotectableError,
)

if TYPE_CHECKING:
    from pylibsrtp import Session

# What protection adds to an RTP packet: the authentication tag (RFC 7714 section 14, RFC 5764
# section 4.1.2). There is no MKI in WebRTC.
GCM_TRAILER_SIZE = 16
SHA1_80_TRAILER_SIZE = 10

# Each SSRC is a stream with keys and replay window inside libsrtp, which looks them up one by one.
# A publisher has eight or so; the rest is for tracks that are replaced during a long session.
MAX_INBOUND_SSRCS = 64


# The best way to libsrtp that this pylibsrtp has.
CALLS: Final[SrtpCalls] = (
    srtp_binding.BindingCalls() if srtp_binding.is_usable() else SessionCalls()
)


class SrtpInbound:
    """Opens what one peer sends; each SSRC has a replay window of 1,024 packets."""

    __slots__ = ("_calls", "_session", "_ssrcs")

    def __init__(self, session: Session, calls: SrtpCalls = CALLS) -> None:
        self._session = session
        self._calls = calls
        self._ssrcs: set[bytes] = set()

    def unprotect_rtp(self, datagram: bytes) -> bytes:
        """Return the plain RTP packet.

        Raises:
            RejectedPacketError: It fails authentication, is a replay, or is no RTP packet.
        """
        return self._unprotect(datagram, datagram[8:12], is_rtcp=False)

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        """Return the plain RTCP compound.

        Raises:
            RejectedPacketError: It fails authentication, is a replay, or is no RTCP packet.
        """
        return self._unprotect(datagram, datagram[4:8], is_rtcp=True)

    def _unprotect(self, datagram: bytes, ssrc: bytes, *, is_rtcp: bool) -> bytes:
        if len(datagram) > MAX_PACKET_SIZE:
            raise RejectedPacketError(DropReason.SRTP_OVERSIZE)
        is_new = ssrc not in self._ssrcs
        if is_new and len(self._ssrcs) >= MAX_INBOUND_SSRCS:
            raise RejectedPacketError(DropReason.SRTP_TOO_MANY_SSRCS)
        plain = self._calls.unprotect(self._session, datagram, is_rtcp=is_rtcp)
        if is_new:
            self._ssrcs.add(ssrc)
        return plain


class SrtpOutbound:
    """Seals what one peer is sent; an RTP packet grows by `trailer_size` bytes."""

    __slots__ = ("session", "trailer_size")

    def __init__(self, session: Session, trailer_size: int = GCM_TRAILER_SIZE) -> None:
        self.session = session
        self.trailer_size = trailer_size


class SrtpSealer:
    """A buffer in which packets are laid out and sealed, one at a time, for any peer.

    `view` is the packet being made. What a `seal_` method returns is valid until the next packet is
    laid out.
    """

    __slots__ = ("_calls", "view")

    def __init__(self, calls: SrtpCalls = CALLS) -> None:
        self._calls = calls
        self.view = memoryview(bytearray(MAX_PACKET_SIZE + MAX_TRAILER_SIZE))

    def seal_rtp(self, outbound: SrtpOutbound, size: int) -> memoryview:
        """Protect the RTP packet that fills the first `size` bytes of `view`.

        Raises:
            UnprotectableError: libsrtp refuses it.
        """
        return self.view[: self._calls.protect(outbound.session, self.view, size, is_rtcp=False)]

    def seal_rtcp(self, outbound: SrtpOutbound, compound: bytes) -> memoryview:
        """Protect an RTCP compound.

        Raises:
            UnprotectableError: libsrtp refuses it.
        """
        size = len(compound)
        if size > MAX_PACKET_SIZE:
            raise UnprotectableError("RTCP compound is too long")
        self.view[:size] = compound
        return self.view[: self._calls.protect(outbound.session, self.view, size, is_rtcp=True)]
