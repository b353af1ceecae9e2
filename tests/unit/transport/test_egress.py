from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from liverelay.rtp.types import Ssrc
from liverelay.sfu.commands import Fanout, Template
from liverelay.transport.counters import TransportCounters
from liverelay.transport.egress import Egress, EgressTarget
from liverelay.transport.srtp import MAX_PACKET_SIZE, SrtpInbound, SrtpOutbound
from tests.support.fanout import Copy
from tests.support.srtp import inbound_session, outbound_session
from tests.support.wire import Wire

if TYPE_CHECKING:
    from liverelay.transport.types import Address

HOME: Address = ("192.0.2.1", 4000)
PACKET = struct.pack("!BBHII", 0x90, 96, 10, 3000, 1) + b"\xbe\xde\0\1\x10\x01\0\0" + b"payload"


def target(address: Address | None = HOME) -> EgressTarget:
    made = EgressTarget()
    made.outbound, made.address = SrtpOutbound(outbound_session()), address
    return made


def test_copy_differs_in_ssrc_and_numbering_alone() -> None:
    wire, counters = Wire(), TransportCounters()
    copy = Copy(target(), ssrc=Ssrc(77), sequence_offset=65530, timestamp_offset=2**32 - 1000)

    Egress(wire.send, counters).send(Fanout([Template(PACKET, 10, 3000)], [copy]))

    ((datagram, address),) = wire.sent
    expected = PACKET[:2] + struct.pack("!HII", 4, 2000, 77) + PACKET[12:]
    assert SrtpInbound(inbound_session()).unprotect_rtp(datagram) == expected
    assert address == HOME
    assert (counters.sent, counters.sent_octets) == (1, len(datagram))


def test_viewer_without_keys_or_address_is_left_out() -> None:
    wire, counters = Wire(), TransportCounters()
    copies = [Copy(EgressTarget()), Copy(target(address=None)), Copy(target())]

    Egress(wire.send, counters).send(Fanout([Template(PACKET, 10, 3000)], copies))

    assert len(wire.sent) == 1
    assert counters.unsent_unready == 2


@pytest.mark.parametrize(
    ("error", "full", "failed"), [(BlockingIOError, 3, 0), (PermissionError, 0, 3)]
)
def test_what_the_kernel_refuses_is_counted_and_dropped(
    error: type[OSError], full: int, failed: int
) -> None:
    wire, counters = Wire(room=1, error=error), TransportCounters()

    Egress(wire.send, counters).send(
        Fanout([Template(PACKET, 10, 3000), Template(PACKET, 11, 3000)], [Copy(target())] * 2)
    )

    assert (counters.sent, counters.unsent_full, counters.unsent_failed) == (1, full, failed)


def test_packet_that_srtp_refuses_does_not_stop_the_others() -> None:
    wire, counters = Wire(), TransportCounters()
    stale = [Template(PACKET, 5000, 3000), Template(PACKET, 1, 3000), Template(PACKET, 5001, 3000)]

    Egress(wire.send, counters).send(Fanout(stale, [Copy(target(), sequence_offset=0)]))

    assert (counters.sent, counters.unsent_failed) == (2, 1)


def test_packet_beyond_the_buffer_is_counted_for_each_viewer() -> None:
    wire, counters = Wire(), TransportCounters()

    Egress(wire.send, counters).send(
        Fanout([Template(bytes(MAX_PACKET_SIZE + 1), 1, 1)], [Copy(target())] * 2)
    )

    assert not wire.sent
    assert counters.unsent_failed == 2
