"""Sending one publication's packets to all of its viewers.

A flush of the media layer hands over what all copies have in common; here each viewer's copy gets
its own SSRC and numbering, is sealed with the viewer's keys and goes to the viewer's address. There
are two ways, chosen at start by what the kernel has, and a receiver cannot tell them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from liverelay.transport import kernel, srtp_binding
from liverelay.transport.batched_egress import BatchedEgress
from liverelay.transport.kernel import BatchSupport
from liverelay.transport.plain_egress import PlainEgress

if TYPE_CHECKING:
    from liverelay.sfu.commands import Fanout
    from liverelay.transport.counters import TransportCounters
    from liverelay.transport.targets import TargetTable
    from liverelay.transport.types import DatagramPort


class Egress(Protocol):
    """Turns fan-outs into datagrams; never waits, and never fails for one viewer's sake.

    `support` is what it can use of this system; that may get less.
    """

    support: BatchSupport

    def send(self, fanout: Fanout) -> None: ...


def open_egress(
    port: DatagramPort, targets: TargetTable, counters: TransportCounters, support: BatchSupport
) -> Egress:
    """Return the fastest egress that `support` allows."""
    if support.has_sendmmsg:
        return BatchedEgress(port, targets, counters, support)
    return PlainEgress(port, targets, counters, support)


def batch_support() -> BatchSupport:
    """Find out what can be used here, of pylibsrtp and of the kernel."""
    if not srtp_binding.is_usable():
        return BatchSupport(False, False, "this pylibsrtp cannot seal packets in place")
    return kernel.probe()
