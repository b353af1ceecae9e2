"""Every way out is held to the same: what each receiver opens, in order, and what is counted."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from liverelay.rtp.types import Ssrc
from liverelay.sfu.commands import Fanout, Template
from liverelay.sfu.stream_table import StreamTable
from liverelay.transport import kernel
from liverelay.transport.batched_egress import BatchedEgress
from liverelay.transport.counters import TransportCounters
from liverelay.transport.egress import Egress, batch_support, open_egress
from liverelay.transport.kernel import BatchSupport
from liverelay.transport.plain_egress import PlainEgress
from liverelay.transport.srtp_calls import MAX_PACKET_SIZE, SessionCalls
from liverelay.transport.targets import TargetTable
from tests.support.egress_port import Copy, LoopbackPort, Receiver, loopback_port
from tests.support.srtp import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.network

# pylibsrtp's own limit.
LARGEST_BY_COPY = 1356

WAYS = {
    "copying": BatchSupport(False, False, "no libsrtp in place"),
    "plain": BatchSupport(False, False, "none"),
    "sendmmsg": BatchSupport(True, False, "no segmentation"),
    "segments": BatchSupport(True, True, ""),
}
PACKET = struct.pack("!BBHII", 0x90, 96, 10, 3000, 1) + b"\xbe\xde\0\1\x10\x01\0\0" + b"payload"


class Way:
    """One egress with its port, targets and counters."""

    def __init__(self, port: LoopbackPort, support: BatchSupport) -> None:
        self.port = port
        self.targets = TargetTable()
        self.counters = TransportCounters()
        self.egress: Egress = open_egress(port, self.targets, self.counters, support)
        self.largest = MAX_PACKET_SIZE
        if support is WAYS["copying"]:
            self.egress = PlainEgress(port, self.targets, self.counters, support, SessionCalls())
            self.largest = LARGEST_BY_COPY

    def receiver(
        self, host: str = "127.0.0.1", *, is_ready: bool = True, profile: int = PROFILES[0]
    ) -> Receiver:
        return self.port.open_receiver(self.targets, host, is_ready=is_ready, profile=profile)

    def send(self, templates: list[Template], copies: list[Copy]) -> None:
        self.egress.send(Fanout(templates, StreamTable(copies)))


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    support = WAYS[request.param]
    here = kernel.probe()
    if support.has_sendmmsg > here.has_sendmmsg or support.has_segmentation > here.has_segmentation:
        pytest.skip(here.missing)
    with loopback_port() as port:
        yield Way(port, support)


def packet(number: int, size: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, number & 0xFFFF, 3000, 1) + bytes([number % 251]) * size


def expected(template: Template, copy: Copy) -> bytes:
    numbers = struct.pack(
        "!HII",
        (template.sequence_number + copy.sequence_offset) & 0xFFFF,
        (template.rtp_timestamp + copy.timestamp_offset) & 0xFFFFFFFF,
        copy.ssrc,
    )
    return bytes(template.packet[:2]) + numbers + bytes(template.packet[12:])


def test_copy_differs_in_ssrc_and_numbering_alone(way: Way) -> None:
    receiver = way.receiver()
    copy = Copy(receiver.target.row, Ssrc(77), 65530, 2**32 - 1000)

    way.send([Template(PACKET, 10, 3000)], [copy])

    assert receiver.take() == [PACKET[:2] + struct.pack("!HII", 4, 2000, 77) + PACKET[12:]]
    assert (way.counters.sent, way.counters.sent_octets) == (1, len(PACKET) + 16)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.sampled_from([0, 1, 80, 1100, 1100, 1100, 1190, 1500]), max_size=40),
    profiles=st.lists(st.sampled_from(PROFILES), min_size=1, max_size=9),
    start=st.integers(0, 65535),
)
def test_every_viewer_gets_every_packet_in_order(
    way: Way, sizes: list[int], profiles: list[int], start: int
) -> None:
    receivers = [way.receiver(profile=profile) for profile in profiles]
    copies = [
        Copy(r.target.row, Ssrc(100 + i), (7 * i) & 0xFFFF, 1000 * i)
        for i, r in enumerate(receivers)
    ]
    templates = [
        Template(packet(start + i, size), (start + i) & 0xFFFF, 90 * i)
        for i, size in enumerate(sizes)
    ]

    way.send(templates, copies)

    for receiver, copy in zip(receivers, copies, strict=True):
        sent = [template for template in templates if len(template.packet) <= way.largest]
        assert receiver.take() == [expected(template, copy) for template in sent]
        receiver.close()


def test_more_than_fits_in_one_round_arrives_in_order(way: Way) -> None:
    receivers = [way.receiver() for _ in range(3)]
    copies = [Copy(receiver.target.row, sequence_offset=0) for receiver in receivers]
    templates = [Template(packet(i, 20), i, 0) for i in range(300)]

    way.send(templates, copies)

    for receiver in receivers:
        numbers = [struct.unpack_from("!H", got, 2)[0] for got in receiver.take()]
        assert numbers == list(range(300))


def test_both_address_families_are_served(way: Way) -> None:
    receivers = [way.receiver(host) for host in ("::1", "127.0.0.1", "::1")]
    copies = [Copy(receiver.target.row) for receiver in receivers]

    way.send([Template(PACKET, 10, 3000), Template(PACKET, 11, 3000)], copies)

    assert [len(receiver.take()) for receiver in receivers] == [2, 2, 2]


def test_viewer_without_keys_or_address_is_left_out(way: Way) -> None:
    unready, moved, ready = (
        way.receiver(is_ready=False),
        way.receiver(),
        way.receiver(),
    )
    moved.target.address = None

    way.send([Template(PACKET, 10, 3000)], [Copy(r.target.row) for r in (unready, moved, ready)])

    assert [len(r.take()) for r in (unready, moved, ready)] == [0, 0, 1]
    assert way.counters.unsent_unready == 2


def test_what_changes_between_two_bursts_is_seen(way: Way) -> None:
    staying, moving, leaving, coming = (way.receiver() for _ in range(4))
    copies = [Copy(r.target.row) for r in (staying, moving, leaving, coming)]
    streams = StreamTable(copies[:3])
    way.egress.send(Fanout([Template(PACKET, 10, 3000)], streams))
    new_place = way.receiver(is_ready=False)

    moving.target.address = new_place.target.address
    leaving.target.outbound = None
    streams.remove(copies[0])
    streams.add(copies[3])
    way.egress.send(Fanout([Template(PACKET, 11, 3000)], streams))

    received = [r.take() for r in (staying, moving, leaving, coming)]
    assert [len(packets) for packets in received] == [1, 1, 1, 1]
    new_place.inbound = moving.inbound
    assert new_place.take() == [expected(Template(PACKET, 11, 3000), copies[1])]
    assert way.counters.unsent_unready == 1


def test_group_is_reached_when_the_table_of_targets_has_grown(way: Way) -> None:
    receiver = way.receiver()
    streams = StreamTable([Copy(receiver.target.row)])
    way.egress.send(Fanout([Template(PACKET, 10, 3000)], streams))

    # A larger table lies elsewhere, and the addresses with it.
    for _ in range(100):
        way.targets.open()
    way.egress.send(Fanout([Template(PACKET, 11, 3000)], streams))

    assert len(receiver.take()) == 2


def test_packet_that_srtp_refuses_does_not_stop_the_others(way: Way) -> None:
    receiver, other = way.receiver(), way.receiver()
    # Number 1 is older than the window behind 5000; the other viewer is sent nothing stale.
    stale = [Template(PACKET, 5000, 3000), Template(PACKET, 1, 3000), Template(PACKET, 5001, 3000)]
    copies = [Copy(r.target.row, sequence_offset=0) for r in (receiver, other)]

    way.send(stale, copies)

    assert [struct.unpack_from("!H", got, 2)[0] for got in receiver.take()] == [5000, 5001]
    assert [struct.unpack_from("!H", got, 2)[0] for got in other.take()] == [5000, 5001]
    assert (way.counters.sent, way.counters.unsent_failed) == (4, 2)


def test_packet_beyond_the_buffer_is_counted_for_each_viewer(way: Way) -> None:
    receivers = [way.receiver() for _ in range(2)]

    way.send([Template(bytes(MAX_PACKET_SIZE + 1), 1, 1)], [Copy(r.target.row) for r in receivers])

    assert [receiver.take() for receiver in receivers] == [[], []]
    assert way.counters.unsent_failed == 2


def test_unreachable_viewer_does_not_stop_the_others(way: Way) -> None:
    unreachable, receiver = way.receiver(), way.receiver()
    # The kernel refuses to broadcast on a socket that did not ask for it.
    unreachable.target.address = ("255.255.255.255", 9)

    way.send(
        [Template(PACKET, 10, 3000), Template(PACKET, 11, 3000)],
        [Copy(r.target.row) for r in (unreachable, receiver)],
    )

    assert len(receiver.take()) == 2
    assert (way.counters.sent, way.counters.unsent_failed) == (2, 2)


class Refusing(kernel.MessageSender):
    """A kernel that takes `room` messages and then refuses once, or for good."""

    def __init__(self, room: int, number: int, *, times: int) -> None:
        super().__init__()
        self._room = room
        self._number = number
        self._times = times

    @override
    def send(self, descriptor: int, place: int, count: int) -> int:
        if self._room == 0 and self._times > 0:
            self._times -= 1
            raise OSError(self._number, "refused")
        taken = min(self._room, count) if self._room else count
        self._room -= min(self._room, taken)
        return super().send(descriptor, place, taken)


@pytest.fixture
def batched() -> Iterator[tuple[BatchedEgress, LoopbackPort, TargetTable, TransportCounters]]:
    here = kernel.probe()
    if not here.has_segmentation:
        pytest.skip(here.missing)
    targets, counters = TargetTable(), TransportCounters()
    with loopback_port() as port:
        egress = BatchedEgress(port, targets, counters, here)
        yield egress, port, targets, counters


def test_full_socket_buffer_drops_the_rest_and_counts_it(
    batched: tuple[BatchedEgress, LoopbackPort, TargetTable, TransportCounters],
) -> None:
    egress, port, targets, counters = batched
    egress._kernel = Refusing(1, errno.EAGAIN, times=1)
    receivers = [port.open_receiver(targets) for _ in range(3)]
    templates = [Template(packet(i, 100), i, 0) for i in range(4)]

    egress.send(Fanout(templates, StreamTable([Copy(r.target.row) for r in receivers])))

    assert [len(receiver.take()) for receiver in receivers] == [4, 0, 0]
    assert (counters.sent, counters.unsent_full) == (4, 8)


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EMSGSIZE])
def test_refused_segments_are_sent_one_by_one(
    batched: tuple[BatchedEgress, LoopbackPort, TargetTable, TransportCounters], number: int
) -> None:
    egress, port, targets, counters = batched
    egress._kernel = Refusing(1, number, times=1)
    receivers = [port.open_receiver(targets) for _ in range(3)]
    copies = [Copy(r.target.row, sequence_offset=0) for r in receivers]
    templates = [Template(packet(i, 100), i, 0) for i in range(4)]

    egress.send(Fanout(templates, StreamTable(copies)))

    for receiver, copy in zip(receivers, copies, strict=True):
        assert receiver.take() == [expected(template, copy) for template in templates]
    assert (counters.sent, counters.unsent_failed) == (12, 0)
    # Only EIO is the device's; the others are about the path to this viewer.
    assert egress.support.has_segmentation is (number != errno.EIO)


def test_moved_private_names_are_named_and_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liverelay.transport.srtp_binding.lib", object())
    support = batch_support()

    assert support == BatchSupport(False, False, "this pylibsrtp cannot seal packets in place")


@pytest.mark.parametrize(
    ("refused", "support"),
    [
        (
            {None, 1},
            BatchSupport(False, False, "the kernel refuses sendmmsg (Operation not permitted)"),
        ),
        ({1}, BatchSupport(True, False, "the kernel refuses UDP GSO (Operation not permitted)")),
    ],
)
def test_what_a_sandbox_refuses_is_named_and_done_without(
    monkeypatch: pytest.MonkeyPatch, refused: set[int | None], support: BatchSupport
) -> None:
    if not kernel.probe().has_segmentation:
        pytest.skip(kernel.probe().missing)
    sizes: list[int | None] = []
    segment_control = kernel.MessageSender.segment_control

    def note_size(self: kernel.MessageSender, size: int) -> int:
        sizes[-1] = size
        return segment_control(self, size)

    def send(_self: kernel.MessageSender, *_message: int) -> int:
        if sizes[-1] in refused:
            raise OSError(errno.EPERM, "refused")
        return 1

    def initialise(self: kernel.MessageSender) -> None:
        sizes.append(None)
        self._controls, self._control_addresses = {}, {}

    monkeypatch.setattr(kernel.MessageSender, "__init__", initialise)
    monkeypatch.setattr(kernel.MessageSender, "segment_control", note_size)
    monkeypatch.setattr(kernel.MessageSender, "send", send)

    assert kernel.probe() == support


def test_system_without_sendmmsg_is_served_plainly() -> None:
    with loopback_port() as port:
        egress = open_egress(port, TargetTable(), TransportCounters(), WAYS["plain"])

    assert isinstance(egress, PlainEgress)
