"""The simple way out: one copy and one system call at a time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from liverelay.transport.srtp import CALLS, SrtpSealer
from liverelay.transport.srtp_calls import MAX_PACKET_SIZE, UnprotectableError

if TYPE_CHECKING:
    from liverelay.sfu.commands import Fanout, Template
    from liverelay.transport.counters import TransportCounters
    from liverelay.transport.kernel import BatchSupport
    from liverelay.transport.srtp import SrtpOutbound
    from liverelay.transport.srtp_calls import SrtpCalls
    from liverelay.transport.targets import TargetTable
    from liverelay.transport.types import Address, DatagramPort

# Sequence number, timestamp and SSRC lie side by side in the fixed header (RFC 3550 section 5.1).
_NUMBERING = struct.Struct("!HII")
_NUMBERING_OFFSET = 2


class PlainEgress:
    """For systems that have nothing better, and for so few copies that a batch would cost more."""

    def __init__(
        self,
        port: DatagramPort,
        targets: TargetTable,
        counters: TransportCounters,
        support: BatchSupport,
        calls: SrtpCalls = CALLS,
    ) -> None:
        self.support = support
        self._port = port
        self._targets = targets
        self._counters = counters
        self._sealer = SrtpSealer(calls)

    def send(self, fanout: Fanout) -> None:
        templates = [t for t in fanout.templates if len(t.packet) <= MAX_PACKET_SIZE]
        oversize = len(fanout.templates) - len(templates)
        self._counters.unsent_failed += oversize * len(fanout.streams)
        for target, *numbers in fanout.streams.rows():
            outbound = self._targets.outbounds[target]
            address = self._targets.addresses[target]
            if outbound is None or address is None:
                self._counters.unsent_unready += len(templates)
            else:
                self._send_copies(numbers, outbound, address, templates)

    def _send_copies(
        self,
        numbers: list[int],
        outbound: SrtpOutbound,
        address: Address,
        templates: list[Template],
    ) -> None:
        sealer, counters = self._sealer, self._counters
        view = sealer.view
        ssrc, sequence_offset, timestamp_offset = numbers
        for template in templates:
            packet = template.packet
            size = len(packet)
            view[:size] = packet
            _NUMBERING.pack_into(
                view,
                _NUMBERING_OFFSET,
                (template.sequence_number + sequence_offset) & 0xFFFF,
                (template.rtp_timestamp + timestamp_offset) & 0xFFFFFFFF,
                ssrc,
            )
            try:
                sealed = sealer.seal_rtp(outbound, size)
                self._port.send(sealed, address)
            except BlockingIOError:
                counters.unsent_full += 1
            except (OSError, UnprotectableError):
                counters.unsent_failed += 1
            else:
                counters.sent += 1
                counters.sent_octets += len(sealed)
