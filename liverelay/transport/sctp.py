"""Letting an offered data channel open, by aiortc's SCTP; what comes through it is ignored.

The association is a peer's to fill: aiortc advertises a receive window but does not enforce it,
and raises on chunks that make no sense. So it sits behind a gate that checks its queues after each
packet and aborts it, and only it, when a peer goes beyond what a data channel needs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol, cast

from aiortc import RTCSctpCapabilities, RTCSctpTransport

if TYPE_CHECKING:
    from aiortc import RTCDtlsTransport
    from aiortc.rtcdtlstransport import DataReceiver

_LOCAL_PORT = 5000

# What a page opens is a channel or two; a hundred of anything waiting is already a fault.
_MAX_CHANNELS = 16
_MAX_WAITING = 256

# What aiortc's handlers raise on chunks they do not expect, from reading its source.
_CHUNK_ERRORS = (
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
    struct.error,
)


class DataTransport(Protocol):
    """The DTLS transport that data is carried over."""

    @property
    def dtls_role(self) -> str: ...
    def open_data(self, receiver: DataReceiver) -> None: ...
    async def send_data(self, data: bytes) -> None: ...


class SctpResponder:
    """One SCTP association on a connected DTLS transport.

    `stop` must be awaited before the DTLS transport is stopped.
    """

    def __init__(self, transport: DataTransport, remote_port: int) -> None:
        self._remote_port = remote_port
        self._gate = _Gate(transport)
        self._sctp = _Sctp(self._gate)

    async def start(self) -> None:
        await self._sctp.start(
            RTCSctpCapabilities(maxMessageSize=65536), remotePort=self._remote_port
        )

    async def stop(self) -> None:
        await self._sctp.stop()


class _Gate:
    """What aiortc's SCTP takes for its DTLS transport."""

    state = "connected"

    def __init__(self, transport: DataTransport) -> None:
        self._transport = transport
        self._role = transport.dtls_role
        self._association: _Sctp | None = None

    def _register_data_receiver(self, receiver: _Sctp) -> None:
        self._association = receiver
        self._transport.open_data(self)

    def _unregister_data_receiver(self, _receiver: _Sctp) -> None:
        self._association = None

    async def _send_data(self, data: bytes) -> None:
        await self._transport.send_data(data)

    async def _handle_data(self, data: bytes) -> None:
        association = self._association
        if association is None:
            return
        try:
            await association.take(data)
        except _CHUNK_ERRORS:
            await association.stop()
        else:
            if association.is_overfull():
                await association.stop()


class _Sctp(RTCSctpTransport):
    def __init__(self, gate: _Gate) -> None:
        super().__init__(cast("RTCDtlsTransport", gate), _LOCAL_PORT)
        self._inbound_streams_max = _MAX_CHANNELS

    async def take(self, data: bytes) -> None:
        await self._handle_data(data)

    def is_overfull(self) -> bool:
        """Return whether the peer has more open or waiting than any page needs."""
        streams = self._inbound_streams
        waiting = (
            sum(len(stream.reassembly) for stream in streams.values()),
            len(self._sack_misordered),
            len(self._outbound_queue),
            len(self._data_channel_queue),
            len(self._outbound_stream_seq),
        )
        return (
            max(waiting) > _MAX_WAITING
            or max(len(streams), len(self._data_channels)) > _MAX_CHANNELS
            or self._advertised_rwnd < 0
        )
