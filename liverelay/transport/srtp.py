"""Protecting and unprotecting packets with the SRTP sessions that a DTLS handshake gave.

`pylibsrtp.Session` refuses packets of more than 1,356 bytes, which encoders do send, and allocates
per call. So libsrtp is called as pylibsrtp itself calls it, on a buffer made once. This is the one
file that uses pylibsrtp's private names; a test of it fails when they move.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]

from liverelay.errors import RemoteError
from liverelay.transport.counters import DropReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pylibsrtp import Session

# cffi's `srtp_t`, which has no type of its own in Python.
SrtpPointer: TypeAlias = Any

# More than any datagram on a path of 1,500 bytes, with room for what protection adds.
MAX_PACKET_SIZE = 2048

# SRTP_MAX_TRAILER_LEN and the SRTCP index, in libsrtp's srtp.h: what `protect` may write past the
# end of the packet.
MAX_TRAILER_SIZE = 4 + 16 + 128

# What protection adds to an RTP packet: the authentication tag (RFC 7714 section 14, RFC 5764
# section 4.1.2). There is no MKI in WebRTC.
GCM_TRAILER_SIZE = 16
SHA1_80_TRAILER_SIZE = 10

# Room for any packet and its trailer, and whole cache lines.
_SLOT_SIZE = 2240

# Each SSRC is a stream with keys and replay window inside libsrtp, which looks them up one by one.
# A publisher has eight or so; the rest is for tracks that are replaced during a long session.
MAX_INBOUND_SSRCS = 64

_STATUS_OK = 0
# `srtp_err_status_t` in libsrtp's srtp.h; whatever is not here is a packet it cannot read.
_REASONS = {
    7: DropReason.SRTP_UNAUTHENTICATED,
    9: DropReason.SRTP_REPLAYED,
    10: DropReason.SRTP_REPLAYED,
    26: DropReason.SRTP_REPLAYED,
}


class RejectedPacketError(RemoteError):
    """A packet is not what the holder of the keys sent, or not for the first time."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class UnprotectableError(Exception):
    """A packet of ours cannot be protected: too long, or older than the replay window."""


class SrtpInbound:
    """Opens what one peer sends; each SSRC has a replay window of 1,024 packets."""

    __slots__ = ("_buffer", "_length", "_packet", "_session", "_srtp", "_ssrcs")

    def __init__(self, session: Session) -> None:
        self._session = session  # keeps `_srtp` alive
        self._srtp = _pointer(session)
        self._packet = ffi.new("char[]", MAX_PACKET_SIZE)
        self._buffer = ffi.buffer(self._packet)
        self._length = ffi.new("int *")
        self._ssrcs: set[bytes] = set()

    def unprotect_rtp(self, datagram: bytes) -> bytes:
        """Return the plain RTP packet.

        Raises:
            RejectedPacketError: It fails authentication, is a replay, or is no RTP packet.
        """
        return self._unprotect(datagram, datagram[8:12], lib.srtp_unprotect)

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        """Return the plain RTCP compound.

        Raises:
            RejectedPacketError: It fails authentication, is a replay, or is no RTCP packet.
        """
        return self._unprotect(datagram, datagram[4:8], lib.srtp_unprotect_rtcp)

    def _unprotect(self, datagram: bytes, ssrc: bytes, unprotect: Callable[..., int]) -> bytes:
        size = len(datagram)
        if size > MAX_PACKET_SIZE:
            raise RejectedPacketError(DropReason.SRTP_OVERSIZE)
        is_new = ssrc not in self._ssrcs
        if is_new and len(self._ssrcs) >= MAX_INBOUND_SSRCS:
            raise RejectedPacketError(DropReason.SRTP_TOO_MANY_SSRCS)
        buffer, length = self._buffer, self._length
        buffer[:size] = datagram
        length[0] = size
        status = unprotect(self._srtp, self._packet, length)
        if status != _STATUS_OK:
            raise RejectedPacketError(_REASONS.get(status, DropReason.SRTP_MALFORMED))
        if is_new:
            self._ssrcs.add(ssrc)
        plain: bytes = buffer[: length[0]]
        return plain


class SrtpOutbound:
    """Seals what one peer is sent; an RTP packet grows by `trailer_size` bytes."""

    __slots__ = ("_session", "srtp", "trailer_size")

    def __init__(self, session: Session, trailer_size: int = GCM_TRAILER_SIZE) -> None:
        self._session = session  # keeps `srtp` alive
        self.srtp = _pointer(session)
        self.trailer_size = trailer_size


class SrtpSealer:
    """A buffer in which packets are laid out and sealed, one at a time, for any peer.

    `view` is the packet being made. What a `seal_` method returns is valid until the next packet is
    laid out.
    """

    __slots__ = ("_length", "_packet", "view")

    def __init__(self) -> None:
        self._packet = ffi.new("char[]", MAX_PACKET_SIZE + MAX_TRAILER_SIZE)
        self._length = ffi.new("int *")
        self.view = memoryview(ffi.buffer(self._packet)).cast("B")

    def seal_rtp(self, outbound: SrtpOutbound, size: int) -> memoryview:
        """Protect the RTP packet that fills the first `size` bytes of `view`.

        Raises:
            UnprotectableError: libsrtp refuses it.
        """
        return self._seal(outbound, size, lib.srtp_protect)

    def seal_rtcp(self, outbound: SrtpOutbound, compound: bytes) -> memoryview:
        """Protect an RTCP compound.

        Raises:
            UnprotectableError: libsrtp refuses it.
        """
        size = len(compound)
        if size > MAX_PACKET_SIZE:
            raise UnprotectableError("RTCP compound is too long")
        self.view[:size] = compound
        return self._seal(outbound, size, lib.srtp_protect_rtcp)

    def _seal(self, outbound: SrtpOutbound, size: int, protect: Callable[..., int]) -> memoryview:
        length = self._length
        length[0] = size
        status = protect(outbound.srtp, self._packet, length)
        if status != _STATUS_OK:
            raise UnprotectableError(f"libsrtp status {status}")
        return self.view[: length[0]]


class SlotSealer:
    """An arena of equal slots in which packets are laid out and sealed, many at a time.

    `arena` has a row for each slot; `pointers` are the addresses of the rows. `sizes` are those of
    the packets in bytes: plain before `seal`, sealed after it.
    """

    def __init__(self, count: int) -> None:
        self.arena = np.zeros((count, _SLOT_SIZE), np.uint8)
        base = self.arena.ctypes.data
        self.pointers = np.uint64(base) + np.arange(count, dtype=np.uint64) * np.uint64(_SLOT_SIZE)
        self.sizes = np.zeros(count, np.intc)
        places = self.sizes.ctypes.data + self.sizes.itemsize * np.arange(count)
        self._slots = [ffi.cast("char *", int(pointer)) for pointer in self.pointers]
        self._sizes = [ffi.cast("int *", int(place)) for place in places]

    def seal(self, peers: Sequence[SrtpPointer], width: int) -> list[int]:
        """Protect `width` RTP packets for each of `peers`, slot after slot.

        Returns the slots that hold no sealed packet, because libsrtp refused it.
        """
        each = chain.from_iterable(map(repeat, peers, repeat(width)))
        # By `map`, because a loop in Python would take a third as long as the encryption itself.
        statuses = list(map(lib.srtp_protect, each, self._slots, self._sizes))
        if not any(statuses):
            return []
        return [slot for slot, status in enumerate(statuses) if status != _STATUS_OK]


def _pointer(session: Session) -> SrtpPointer:
    return session._srtp[0]  # noqa: SLF001 pylibsrtp has no public way to its `srtp_t`
