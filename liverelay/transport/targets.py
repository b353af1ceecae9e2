"""Where each session's packets go, in columns: addresses for the kernel, keys for libsrtp.

The egress describes hundreds of datagrams to the kernel with a few array operations, so addresses
are kept in the form that the kernel reads, at places that can be computed from a session's row.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from liverelay.transport.srtp import SrtpOutbound
    from liverelay.transport.types import Address

# sizeof(struct sockaddr_in6); a sockaddr_in has 16 bytes.
_NAME_SIZE = 28
_IPV4_NAME_SIZE = 16

_FIRST_CAPACITY = 16

# BSD's sockaddr begins with its own length, and only then comes a family of one byte.
_HAS_LENGTH = sys.platform == "darwin" or "bsd" in sys.platform


class TargetTable:
    """The targets of one port. Rows are reused, so a target must be released exactly once.

    `is_ready`: there are keys and an address, so packets can be sent. `version` changes with
    anything else here.
    """

    def __init__(self) -> None:
        self.version = 0
        self.outbounds: list[SrtpOutbound | None] = []
        self.addresses: list[Address | None] = []
        self._free: list[int] = []
        self._allocate(_FIRST_CAPACITY)

    def __len__(self) -> int:
        """Return how many targets are in use."""
        return len(self.outbounds) - len(self._free)

    def open(self) -> EgressTarget:
        if self._free:
            return EgressTarget(self, self._free.pop())
        row = len(self.outbounds)
        self.outbounds.append(None)
        self.addresses.append(None)
        if row == len(self.is_ready):
            self._grow()
        return EgressTarget(self, row)

    def newest_version(self, rows: npt.NDArray[np.int64]) -> int:
        """Return the version with which the last change of any of `rows` came."""
        return int(np.max(self._versions[rows], initial=0))

    def release(self, row: int) -> None:
        self.set_outbound(row, None)
        self.set_address(row, None)
        self._free.append(row)

    def set_outbound(self, row: int, outbound: SrtpOutbound | None) -> None:
        self.outbounds[row] = outbound
        if outbound is not None:
            self.trailer_sizes[row] = outbound.trailer_size
        self._update(row)

    def set_address(self, row: int, address: Address | None) -> None:
        if address == self.addresses[row]:
            return
        self.addresses[row] = address
        if address is not None:
            name = socket_name(address)
            self._names[row, : len(name)] = np.frombuffer(name, np.uint8)
            self.name_sizes[row] = len(name)
            self.is_ipv6[row] = len(address) == 4
        self._update(row)

    def _update(self, row: int) -> None:
        self.version += 1
        self._versions[row] = self.version
        self.is_ready[row] = self.outbounds[row] is not None and self.addresses[row] is not None

    def _allocate(self, capacity: int) -> None:
        self._names: npt.NDArray[np.uint8] = np.zeros((capacity, _NAME_SIZE), np.uint8)
        self.name_sizes: npt.NDArray[np.uint64] = np.zeros(capacity, np.uint64)
        self.trailer_sizes: npt.NDArray[np.uint64] = np.zeros(capacity, np.uint64)
        self.is_ready: npt.NDArray[np.bool_] = np.zeros(capacity, np.bool_)
        self.is_ipv6: npt.NDArray[np.bool_] = np.zeros(capacity, np.bool_)
        # All of them have moved now, if there were any before.
        self._versions: npt.NDArray[np.int64] = np.full(capacity, self.version, np.int64)
        # Only valid as long as `_names` stays where it is, which is until the next growth.
        places = np.arange(capacity, dtype=np.uint64) * np.uint64(_NAME_SIZE)
        self.name_pointers: npt.NDArray[np.uint64] = np.uint64(self._names.ctypes.data) + places

    def _grow(self) -> None:
        self.version += 1
        columns = ("_names", "name_sizes", "trailer_sizes", "is_ready", "is_ipv6")
        before = {name: getattr(self, name) for name in columns}
        used = len(self.is_ready)
        self._allocate(2 * used)
        for name, column in before.items():
            getattr(self, name)[:used] = column


class EgressTarget:
    """One session's row; the session changes it in place, so nobody has to be told.

    Once it is released it changes nothing any more: the row may be another session's by then.
    """

    __slots__ = ("_is_released", "_table", "row")

    def __init__(self, table: TargetTable, row: int) -> None:
        self._table = table
        self._is_released = False
        self.row = row

    @property
    def address(self) -> Address | None:
        return None if self._is_released else self._table.addresses[self.row]

    @address.setter
    def address(self, address: Address | None) -> None:
        if not self._is_released:
            self._table.set_address(self.row, address)

    @property
    def outbound(self) -> SrtpOutbound | None:
        return None if self._is_released else self._table.outbounds[self.row]

    @outbound.setter
    def outbound(self, outbound: SrtpOutbound | None) -> None:
        if not self._is_released:
            self._table.set_outbound(self.row, outbound)

    def release(self) -> None:
        """Give the row back; releasing it twice is harmless."""
        if not self._is_released:
            self._is_released = True
            self._table.release(self.row)


def socket_name(address: Address) -> bytes:
    """Return `address` as a `struct sockaddr_in` or `sockaddr_in6`."""
    port = struct.pack("!H", address[1])
    if len(address) == 2:
        packed = socket.inet_pton(socket.AF_INET, address[0])
        return _family(socket.AF_INET, _IPV4_NAME_SIZE) + port + packed + bytes(8)
    host, _, flow, scope = address
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    rest = struct.pack("!I", flow) + packed + struct.pack("=I", scope)
    return _family(socket.AF_INET6, _NAME_SIZE) + port + rest


def _family(family: int, size: int) -> bytes:
    return bytes((size, family)) if _HAS_LENGTH else struct.pack("=H", family)
