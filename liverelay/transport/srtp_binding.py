"""libsrtp as pylibsrtp itself calls it: in place, on buffers made once, for packets of any size.

`pylibsrtp.Session` refuses packets of more than 1,356 bytes, which encoders do send, and copies
each twice. This is the one file that uses pylibsrtp's private names; where they have moved, a test
of it fails, and a server does with `SessionCalls`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from pylibsrtp import Policy, Session

from liverelay.transport.counters import DropReason
from liverelay.transport.srtp_calls import (
    MAX_PACKET_SIZE,
    RejectedPacketError,
    UnprotectableError,
)

try:
    from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]
except ImportError:
    ffi = lib = None

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

# cffi's `srtp_t`, which has no type of its own in Python.
SrtpPointer: TypeAlias = Any

# Room for any packet and its trailer, and whole cache lines.
_SLOT_SIZE = 2240

# What `is_usable` tries: version 2, and SSRC 1.
_TRIAL_KEY = bytes(30)
_TRIAL_RTP = bytes((0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)) + b"media"
_TRIAL_RTCP = bytes((0x80, 201, 0, 1, 0, 0, 0, 1))

_STATUS_OK = 0
# `srtp_err_status_t` in libsrtp's srtp.h; whatever is not here is a packet it cannot read.
_REASONS = {
    7: DropReason.SRTP_UNAUTHENTICATED,
    9: DropReason.SRTP_REPLAYED,
    10: DropReason.SRTP_REPLAYED,
    26: DropReason.SRTP_REPLAYED,
}


def is_usable() -> bool:
    """Return whether pylibsrtp's private names are where this file expects them, and do the same.

    A packet of each kind is sealed and opened again: another libsrtp may take other arguments.
    """
    sending = Session(Policy(_TRIAL_KEY, Policy.SSRC_ANY_OUTBOUND))
    receiving = Session(Policy(_TRIAL_KEY, Policy.SSRC_ANY_INBOUND))
    try:
        calls = BindingCalls()
        sending, receiving = calls.adopt(sending), calls.adopt(receiving)
        for packet, is_rtcp in ((_TRIAL_RTP, False), (_TRIAL_RTCP, True)):
            room = memoryview(bytearray(packet.ljust(MAX_PACKET_SIZE, b"\0")))
            size = calls.protect(sending, room, len(packet), is_rtcp=is_rtcp)
            opened = calls.unprotect(receiving, bytes(room[:size]), is_rtcp=is_rtcp)
            if size == len(packet) or opened != packet:
                return False
        return not SlotSealer(1).seal([])
    except (AttributeError, TypeError, RejectedPacketError, UnprotectableError):
        return False


def pointer(session: Session) -> SrtpPointer:
    """Return what libsrtp takes for `session`, valid as long as that lives."""
    return session._srtp[0]  # noqa: SLF001 pylibsrtp has no public way to its `srtp_t`


class BindingCalls:
    """Calls libsrtp without a detour."""

    def __init__(self) -> None:
        self._packet = ffi.new("char[]", MAX_PACKET_SIZE)
        self._buffer = ffi.buffer(self._packet)
        self._size = ffi.new("int *")

    def adopt(self, session: Session) -> Session:
        # Its own buffer, of 1.5 kB, is of no use any more: a tenth of what a viewer takes for both.
        del session._cdata, session._buffer  # noqa: SLF001
        return session

    def unprotect(self, session: Session, datagram: bytes, *, is_rtcp: bool) -> bytes:
        buffer, size = self._buffer, self._size
        buffer[: len(datagram)] = datagram
        size[0] = len(datagram)
        unprotect = lib.srtp_unprotect_rtcp if is_rtcp else lib.srtp_unprotect
        status = unprotect(pointer(session), self._packet, size)
        if status != _STATUS_OK:
            raise RejectedPacketError(_REASONS.get(status, DropReason.SRTP_MALFORMED))
        plain: bytes = buffer[: size[0]]
        return plain

    def protect(self, session: Session, packet: memoryview, size: int, *, is_rtcp: bool) -> int:
        self._size[0] = size
        protect = lib.srtp_protect_rtcp if is_rtcp else lib.srtp_protect
        status = protect(pointer(session), ffi.from_buffer(packet), self._size)
        if status != _STATUS_OK:
            raise UnprotectableError(f"libsrtp status {status}")
        sealed: int = self._size[0]
        return sealed


class SlotSealer:
    """An arena of equal slots in which packets are laid out and sealed, many at a time.

    `arena` has a row for each slot. `iovecs` are the slots as the kernel takes them, in words of 8
    bytes: the address of a packet and its size (`struct iovec`). `sizes` are the same sizes, in
    bytes: plain before `seal`, sealed after it.
    """

    def __init__(self, count: int) -> None:
        self.arena = np.zeros((count, _SLOT_SIZE), np.uint8)
        pointers = row_addresses(self.arena)
        self.iovecs = np.zeros((count, 2), np.uint64)
        self.iovecs[:, 0] = pointers
        # libsrtp counts in an `int`, the low half of the kernel's `size_t`; the other half stays 0.
        self.sizes = self.iovecs.view(np.intc)[:, 2 if sys.byteorder == "little" else 3]
        self._slots = [ffi.cast("char *", int(pointer)) for pointer in pointers]
        self._sizes = [ffi.cast("int *", int(place)) for place in row_addresses(self.sizes)]

    def seal(self, peers: Sequence[SrtpPointer]) -> list[int]:
        """Protect an RTP packet for each of `peers`, slot after slot.

        Returns the slots that hold no sealed packet, because libsrtp refused it.
        """
        # By `map`, because a loop in Python would take a third as long as the encryption itself.
        statuses = list(map(lib.srtp_protect, peers, self._slots, self._sizes))
        if not any(statuses):
            return []
        return [slot for slot, status in enumerate(statuses) if status != _STATUS_OK]


def row_addresses(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return where each of `rows` begins."""
    steps = np.arange(len(rows), dtype=np.uint64) * np.uint64(rows.strides[0])
    return np.uint64(rows.ctypes.data) + steps
