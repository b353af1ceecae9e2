"""What the kernel offers for sending many datagrams at once, and whether this one has it.

`sendmmsg` (Linux 3.0) takes many messages in one system call. With UDP_SEGMENT (Linux 4.18, "GSO")
one message holds several datagrams of equal size to one receiver; the last may be shorter.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from dataclasses import dataclass

# linux/udp.h; the socket module has no names for these.
SOL_UDP = 17
UDP_SEGMENT = 103

# UDP_MAX_SEGMENTS of the oldest kernels, and what one UDP datagram can hold.
MAX_SEGMENTS = 64
MAX_MESSAGE_SIZE = 65_000

# struct mmsghdr on 64-bit Linux, in words of 8 bytes: name, name size, iovecs, their number,
# control, its size, flags, and the number of bytes sent, which the kernel writes.
MESSAGE_WORDS = 8
NAME, NAME_SIZE, IOVECS, IOVEC_COUNT, CONTROL, CONTROL_SIZE, _FLAGS, SENT_SIZE = range(8)

_CONTROL_SIZE = 24  # CMSG_SPACE(sizeof(uint16_t))
_CONTROL_LENGTH = 18  # CMSG_LEN(sizeof(uint16_t))


@dataclass(frozen=True, slots=True)
class BatchSupport:
    """What can be used here; `missing` says in words what cannot, and is empty if all can."""

    has_sendmmsg: bool
    has_segmentation: bool
    missing: str


def probe() -> BatchSupport:
    """Find out what this kernel has, by sending to ourselves: a sandbox may refuse what it has."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return BatchSupport(False, False, "sendmmsg and UDP GSO need 64-bit Linux")
    if _load() is None:
        return BatchSupport(False, False, "the C library has no sendmmsg")
    if (reason := _try_to_send(segment_size=None)) is not None:
        return BatchSupport(False, False, f"the kernel refuses sendmmsg ({reason})")
    if (reason := _try_to_send(segment_size=1)) is not None:
        return BatchSupport(True, False, f"the kernel refuses UDP GSO ({reason})")
    return BatchSupport(True, True, "")


class MessageSender:
    """Hands arrays of `struct mmsghdr` to the kernel."""

    def __init__(self) -> None:
        send = _load()
        if send is None:
            raise RuntimeError("this system has no sendmmsg")
        self._send = send
        self._controls: dict[int, ctypes.Array[ctypes.c_char]] = {}
        self._control_addresses: dict[int, int] = {}

    def segment_control(self, size: int) -> int:
        """Return the address of the control message that asks for segments of `size` bytes."""
        address = self._control_addresses.get(size)
        if address is None:
            header = struct.pack("=QiiH6x", _CONTROL_LENGTH, SOL_UDP, UDP_SEGMENT, size)
            control = self._controls[size] = ctypes.create_string_buffer(header, len(header))
            address = self._control_addresses[size] = ctypes.addressof(control)
        return address

    @property
    def control_size(self) -> int:
        return _CONTROL_SIZE

    def send(self, descriptor: int, place: int, count: int) -> int:
        """Send the messages in memory from `place` on; return how many the kernel took.

        Raises:
            OSError: It refuses the first of them.
        """
        sent: int = self._send(descriptor, place, count, 0)
        if sent < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return sent


def _try_to_send(segment_size: int | None) -> str | None:
    """Send two bytes over loopback, in segments of that size; return why not, or None."""
    payload = ctypes.create_string_buffer(b"ab", 2)
    iovec = struct.pack("=QQ", ctypes.addressof(payload), len(payload))
    iovecs = ctypes.create_string_buffer(iovec, len(iovec))
    sender = MessageSender()
    control = None if segment_size is None else sender.segment_control(segment_size)
    words = [0, 0, ctypes.addressof(iovecs), 1, control or 0, control and _CONTROL_SIZE or 0, 0, 0]
    message = ctypes.create_string_buffer(struct.pack("=8Q", *words))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        try:
            receiver.bind(("127.0.0.1", 0))
            sending.connect(receiver.getsockname())
            sender.send(sending.fileno(), ctypes.addressof(message), 1)
        except OSError as error:
            return os.strerror(error.errno or 0)
    return None


def _load() -> ctypes._NamedFuncPointer | None:
    try:
        send = ctypes.CDLL(None, use_errno=True).sendmmsg
    except (OSError, AttributeError):
        return None
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    send.restype = ctypes.c_int
    return send
