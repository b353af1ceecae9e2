"""Sending one publication's packets to all of its viewers.

A flush of the media layer hands over what all copies have in common; here each viewer's copy gets
its own SSRC and numbering, is sealed with the viewer's keys and goes to the viewer's address. This
is the plain form, one system call per copy.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

from liverelay.transport.srtp import MAX_PACKET_SIZE, SrtpSealer, UnprotectableError

if TYPE_CHECKING:
    from liverelay.sfu.commands import Fanout, OutboundStream, Template
    from liverelay.transport.counters import TransportCounters
    from liverelay.transport.srtp import SrtpOutbound
    from liverelay.transport.types import Address, SendDatagram

# Sequence number, timestamp and SSRC lie side by side in the fixed header (RFC 3550 section 5.1).
_NUMBERING = struct.Struct("!HII")
_NUMBERING_OFFSET = 2


class EgressTarget:
    """Where one session's packets go: its keys and its address, each None until it is known.

    The session changes both in place, so whoever holds a target never has to be told.
    """

    __slots__ = ("address", "outbound")

    def __init__(self) -> None:
        self.address: Address | None = None
        self.outbound: SrtpOutbound | None = None


class Egress:
    """Turns fan-outs into datagrams; never waits, and never fails for one viewer's sake."""

    def __init__(self, send: SendDatagram, counters: TransportCounters) -> None:
        self._send = send
        self._counters = counters
        self._sealer = SrtpSealer()

    def send(self, fanout: Fanout) -> None:
        templates = [t for t in fanout.templates if len(t.packet) <= MAX_PACKET_SIZE]
        oversize = len(fanout.templates) - len(templates)
        for stream in fanout.streams:
            target = cast("EgressTarget", stream.target)
            self._counters.unsent_failed += oversize
            if target.outbound is None or target.address is None:
                self._counters.unsent_unready += len(templates)
            else:
                self._send_copies(stream, target.outbound, target.address, templates)

    def _send_copies(
        self,
        stream: OutboundStream,
        outbound: SrtpOutbound,
        address: Address,
        templates: list[Template],
    ) -> None:
        sealer, counters = self._sealer, self._counters
        view, ssrc = sealer.view, stream.ssrc
        sequence_offset, timestamp_offset = stream.sequence_offset, stream.timestamp_offset
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
                self._send(sealed, address)
            except BlockingIOError:
                counters.unsent_full += 1
            except (OSError, UnprotectableError):
                counters.unsent_failed += 1
            else:
                counters.sent += 1
                counters.sent_octets += len(sealed)
