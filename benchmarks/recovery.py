"""What loss recovery and simulcast cost: CPU per packet and viewer, with them and without.

`python -m benchmarks.recovery` (or `make bench-recovery`). What the server does runs in this
process, as fast as it can: it reads and decrypts what peers send, and hands to the kernel what it
encrypts for sockets that nobody reads. What the peers do is not counted. Each case is compared with
what came just before it, and the median of several rounds is shown: a machine's speed changes.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections import defaultdict
from dataclasses import replace
from operator import truediv
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import pages
from benchmarks.usage import describe_machine
from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.rtcp.feedback import GenericNack, ReceiverEstimatedMaximumBitrate
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from liverelay.transport.counters import TransportCounters
from liverelay.transport.egress import batch_support, open_egress
from liverelay.transport.srtp import SrtpInbound, SrtpOutbound, SrtpSealer
from liverelay.transport.targets import TargetTable
from tests.support.egress_port import RECEIVE_BUFFER_SIZE, loopback_port
from tests.support.network import Conditions
from tests.support.parameters import watched_video
from tests.support.simulation.camera import VIDEO_CODEC, Camera
from tests.support.simulation.encoder import FRAMES_PER_SECOND, Shape
from tests.support.simulation.judge import VIDEO_SSRC
from tests.support.simulation.server import SimulatedServer
from tests.support.srtp import inbound_session, outbound_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from liverelay.sfu.commands import Fanout
    from liverelay.transport.types import Address
    from tests.support.egress_port import LoopbackPort, Receiver

# What loss recovery and simulcast may add together, where they are on.
_ALLOWED = 0.15

_BITRATE_BPS = 2_000_000
# Until everybody has gone over to the largest encoding.
_SETTLE_TIME = 2.0
_ROUND_TRIP_FRAMES = 3
_SEED = 1

# As many as the server reads before it sends (liverelay/server/udp.py).
_BURST = 8
_MAX_DATAGRAM_SIZE = 2048

_UNREPAIRED = replace(VIDEO_CODEC, feedback=("nack pli",), rtx_payload_type=None)
_OWN_SSRC = Ssrc(1)
# As browsers send them: a report, and what the path carries.
_REPORT = (
    ReceiverReport(_OWN_SSRC, (ReportBlock(Ssrc(VIDEO_SSRC), 0, 0, 0, 0, 0, 0),)).serialize()
    + ReceiverEstimatedMaximumBitrate(_OWN_SSRC, 10_000_000, (Ssrc(VIDEO_SSRC),)).serialize()
)


class Case(NamedTuple):
    """A way to run the room; `loss` is the share of the packets that each viewer asks for again."""

    title: str
    shapes: Sequence[Shape]
    is_repaired: bool = True
    loss: float = 0.0


_ONE = (Shape(None, _BITRATE_BPS),)
_LAYERS = (Shape("q", 150_000), Shape("h", 500_000), Shape("f", _BITRATE_BPS))
WITHOUT = Case("without", _ONE, is_repaired=False)
WITH = Case("with loss recovery and simulcast", _LAYERS)
LOSING = Case("with both, and 1 % is lost to each viewer", _LAYERS, loss=0.01)
CASES = (WITHOUT, Case("with loss recovery", _ONE), WITH, LOSING)


class Cost(NamedTuple):
    """Seconds of CPU for each packet and viewer, and by what share that is more than without."""

    seconds: float
    more: float


class Peer:
    """Both ends of one peer's connection: what it sends with, and what the server has of it."""

    def __init__(self, session_id: SessionId, own: socket.socket, server: Address) -> None:
        self.session_id = session_id
        self.address: Address = own.getsockname()
        self.inbound = SrtpInbound(inbound_session())
        self.outbound = SrtpOutbound(outbound_session())
        self._socket = own
        self._server = server
        self._keys = SrtpOutbound(outbound_session())
        self._sealer = SrtpSealer()

    def send(self, packet: bytes) -> None:
        """Send RTP or RTCP to the server."""
        if classify(packet) is DatagramKind.RTCP:
            sealed = self._sealer.seal_rtcp(self._keys, packet)
        else:
            self._sealer.view[: len(packet)] = packet
            sealed = self._sealer.seal_rtp(self._keys, len(packet))
        self._socket.sendto(sealed, self._server)


class Run:
    """A room of viewers who watch the largest encoding, and the CPU time that it takes."""

    def __init__(self, case: Case, viewers: int, port: LoopbackPort) -> None:
        self._case = case
        self._random = Random(_SEED)
        self._counters = TransportCounters()
        self._targets = TargetTable()
        self._egress = open_egress(port, self._targets, self._counters, batch_support())
        self._sealer = SrtpSealer()
        self._port = port
        self._socket = port.sockets[socket.AF_INET]
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_SIZE)
        self._socket.bind(("127.0.0.1", 0))
        self._peers: dict[Address, Peer] = {}
        self._peers_by_session: dict[SessionId, Peer] = {}
        self._room = RoomMedia(Ssrc(1), "server")
        self._camera = Camera(SimulatedServer(), Conditions(), case.shapes)
        video, _ = self._camera.parameters()
        watched = watched_video()
        if not case.is_repaired:
            video = replace(video, codecs=(_UNREPAIRED,))
            watched = replace(watched, rtx_ssrc=None)
        camera = self._camera.session_id
        self._publisher = self._open_peer(camera, port.open_receiver(self._targets))
        self._room.add_publication(PublicationId("video"), camera, PeerId("camera"), video, 0.0)
        # By the egress's number of each.
        self._viewers: dict[int, Peer] = {}
        for index in range(viewers):
            receiver = port.open_receiver(self._targets)
            row, name = receiver.target.row, f"viewer {index}"
            self._viewers[row] = self._open_peer(SessionId(name), receiver)
            self._room.add_subscription(SessionId(name), PeerId(name), watched, row, 0.0)
        # What the camera has been told in this frame.
        self._commands: list[bytes] = []
        # Frame -> what viewers ask for again then.
        self._nacks: dict[int, list[tuple[Peer, bytes]]] = defaultdict(list)

    def measure(self, seconds: float) -> float:
        """Return the CPU time for each packet handed to the kernel, in seconds."""
        used, sent = 0.0, 0
        for frame in range(round((_SETTLE_TIME + seconds) * FRAMES_PER_SECOND)):
            if frame == round(_SETTLE_TIME * FRAMES_PER_SECOND):
                used, sent = 0.0, self._counters.sent
            used += self._forward(frame)
        return used / (self._counters.sent - sent)

    def _open_peer(self, session_id: SessionId, receiver: Receiver) -> Peer:
        peer = Peer(session_id, receiver.socket, self._socket.getsockname())
        self._peers[peer.address] = self._peers_by_session[session_id] = peer
        return peer

    def _forward(self, frame: int) -> float:
        """Send one frame; return the CPU time of what the server does of it."""
        now = frame / FRAMES_PER_SECOND
        used = 0.0
        # One encoding after the other, as they are encoded: what comes at once is sent at once.
        for encoder in self._camera.encoders:
            for packet in encoder.encode(now, now):
                self._publisher.send(packet)
            used += self._serve(frame, now)
        for peer, data in (*self._nacks.pop(frame, ()), *self._reports(frame)):
            peer.send(data)
        return used + self._serve(frame, now)

    def _serve(self, frame: int, now: float) -> float:
        """Do what is to be done for all that has been sent; return the CPU time of it."""
        sent: list[Fanout] = []
        begun = time.process_time()
        while self._read_burst(now):
            sent += self._settle(now)
        used = time.process_time() - begun
        for data in self._commands:
            self._camera.hear(data)
        self._commands.clear()
        if self._case.loss:
            for fanout in sent:
                self._lose(frame, fanout)
        return used

    def _read_burst(self, now: float) -> bool:
        """Take in what peers have sent, as the server does; return whether there was anything."""
        for count in range(_BURST):
            try:
                datagram, address = self._socket.recvfrom(_MAX_DATAGRAM_SIZE)
            except BlockingIOError:
                return count > 0
            peer = self._peers[address]
            if classify(datagram) is DatagramKind.RTCP:
                data = peer.inbound.unprotect_rtcp(datagram)
                self._room.on_rtcp(peer.session_id, data, now)
            else:
                packet = peer.inbound.unprotect_rtp(datagram)
                self._room.on_rtp(peer.session_id, packet, now)
        return True

    def _settle(self, now: float) -> list[Fanout]:
        """Send what follows from a burst; return the media of it."""
        room = self._room
        fanouts = room.flush(now)
        for fanout in fanouts:
            self._egress.send(fanout)
        if (deadline := room.deadline()) is not None and deadline <= now:
            room.handle_timeout(now)
        for command in room.take_commands():
            peer = self._peers_by_session[command.session_id]
            self._port.send(self._sealer.seal_rtcp(peer.outbound, command.data), peer.address)
            if peer is self._publisher:
                self._commands.append(command.data)
        return fanouts

    def _reports(self, frame: int) -> Iterator[tuple[Peer, bytes]]:
        """Yield the reports of the viewers whose turn it is; each has one in a second."""
        for row, peer in self._viewers.items():
            if row % FRAMES_PER_SECOND == frame % FRAMES_PER_SECOND:
                yield peer, _REPORT

    def _lose(self, frame: int, fanout: Fanout) -> None:
        """Let viewers ask for a share of what they are sent, a round trip later."""
        for row, ssrc, sequence_offset, _ in fanout.streams.rows():
            lost = tuple(
                (template.sequence_number + sequence_offset) & 0xFFFF
                for template in fanout.templates
                if ssrc == VIDEO_SSRC and self._random.random() < self._case.loss
            )
            if lost:
                nack = GenericNack(_OWN_SSRC, Ssrc(ssrc), lost).serialize()
                self._nacks[frame + _ROUND_TRIP_FRAMES].append((self._viewers[row], nack))


def measure(viewers: int, seconds: float, rounds: int) -> dict[str, Cost]:
    """Return what each case costs, by its title: the median of all rounds."""
    costs: dict[str, list[float]] = defaultdict(list)
    for case in CASES * rounds:
        with loopback_port() as port:
            costs[case.title].append(Run(case, viewers, port).measure(seconds))
    without = costs[WITHOUT.title]
    return {
        title: Cost(median(each), median(map(truediv, each, without)) - 1)
        for title, each in costs.items()
    }


def is_within(costs: Mapping[str, Cost]) -> bool:
    """Return whether loss recovery and simulcast together add no more than is allowed."""
    return costs[WITH.title].more <= _ALLOWED


def markdown(costs: Mapping[str, Cost], viewers: int) -> str:
    """Return the figures and the verdict, with the machine that they were measured on."""
    machine = describe_machine()
    repair = (costs[LOSING.title].seconds - costs[WITH.title].seconds) / LOSING.loss
    lines = ["| | µs for each packet to a viewer | more |", "|---|---:|---:|"]
    for title, cost in costs.items():
        lines.append(f"| {title} | {cost.seconds * 1e6:.2f} | {cost.more:.1%} |")
    lines += [
        "",
        f"With {viewers} viewers, on {machine['cpu']}, Linux {machine['kernel']}, "
        f"Python {machine['python']}. Loss recovery and simulcast are "
        f"{'within' if is_within(costs) else 'above'} the {_ALLOWED:.0%} that they may cost. "
        f"To hear that a packet is lost and send it again costs {repair * 1e6:.0f} µs.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what recovery and simulcast cost.")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0, help="of media, for each case")
    parser.add_argument("--rounds", type=int, default=8, help="the median of so many counts")
    parser.add_argument("--docs", type=Path, help="page whose figures are to be renewed")
    options = parser.parse_args()
    costs = measure(options.viewers, options.seconds, options.rounds)
    text = markdown(costs, options.viewers)
    print(text)
    if options.docs is not None:
        page = options.docs.read_text("utf-8")
        new = pages.replaced(page, "recovery", "make bench-recovery", text)
        if new is None:
            raise SystemExit(f"{options.docs} has no place for the figures")
        options.docs.write_text(new, "utf-8")
    if not is_within(costs):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
