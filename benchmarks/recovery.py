"""What loss recovery and simulcast cost: CPU per packet and viewer, with them and without.

`python -m benchmarks.recovery`. The media plane and the egress of the server run in this process,
as fast as they can: packets are encrypted and handed to the kernel for sockets that nobody reads.
What viewers answer is written beforehand and costs nothing here; receiving and decrypting it, and
the publisher's packets, is left out in all cases alike.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.rtcp.feedback import GenericNack, ReceiverEstimatedMaximumBitrate
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from liverelay.transport.counters import TransportCounters
from liverelay.transport.egress import batch_support, open_egress
from liverelay.transport.targets import TargetTable
from tests.support.egress_port import loopback_port
from tests.support.network import Conditions
from tests.support.parameters import watched_video
from tests.support.simulation.camera import Camera
from tests.support.simulation.encoder import FRAMES_PER_SECOND, Shape
from tests.support.simulation.judge import VIDEO_SSRC
from tests.support.simulation.server import SimulatedServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liverelay.sfu.commands import Fanout
    from tests.support.egress_port import LoopbackPort

_BITRATE_BPS = 2_000_000
# Until everybody has gone over to the largest encoding.
_SETTLE_TIME = 2.0
_ROUND_TRIP_FRAMES = 3
_SEED = 1

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
    loss: float


_LAYERS = (Shape("q", 150_000), Shape("h", 500_000), Shape("f", _BITRATE_BPS))
CASES = (
    Case("without", (Shape(None, _BITRATE_BPS),), 0.0),
    Case("loss of 1 %", (Shape(None, _BITRATE_BPS),), 0.01),
    Case("simulcast", _LAYERS, 0.0),
    Case("simulcast and loss of 1 %", _LAYERS, 0.01),
)


class Run:
    """A room of viewers who watch the largest encoding, and the CPU time that it takes."""

    def __init__(self, case: Case, viewers: int, port: LoopbackPort) -> None:
        self._case = case
        self._random = Random(_SEED)
        self._counters = TransportCounters()
        self._targets = TargetTable()
        self._egress = open_egress(port, self._targets, self._counters, batch_support())
        self._room = RoomMedia(Ssrc(1), "server")
        self._camera = Camera(SimulatedServer(), Conditions(), case.shapes)
        video, _ = self._camera.parameters()
        camera = self._camera.session_id
        self._room.add_publication(PublicationId("video"), camera, PeerId("camera"), video, 0.0)
        # By the egress's number of each.
        self._viewers: dict[int, SessionId] = {}
        for index in range(viewers):
            row = port.open_receiver(self._targets).target.row
            self._viewers[row] = SessionId(f"viewer {index}")
            peer_id = PeerId(f"viewer {index}")
            self._room.add_subscription(self._viewers[row], peer_id, watched_video(), row, 0.0)
        # Frame -> what viewers ask for again then.
        self._nacks: dict[int, list[tuple[SessionId, bytes]]] = defaultdict(list)

    def measure(self, seconds: float) -> float:
        """Return the CPU time for each packet handed to the kernel, in seconds."""
        used, sent = 0.0, 0
        for frame in range(round((_SETTLE_TIME + seconds) * FRAMES_PER_SECOND)):
            if frame == round(_SETTLE_TIME * FRAMES_PER_SECOND):
                used, sent = 0.0, self._counters.sent
            used += self._forward(frame)
        return used / (self._counters.sent - sent)

    def _forward(self, frame: int) -> float:
        """Send one frame; return the CPU time of what the server does of it."""
        now = frame / FRAMES_PER_SECOND
        room, camera = self._room, self._camera
        packets = [p for each in camera.encoders for p in each.encode(now, now)]
        feedback = [*self._nacks.pop(frame, ()), *self._reports(frame)]
        begun = time.process_time()
        for session_id, data in feedback:
            room.on_rtcp(session_id, data, now)
        for packet in packets:
            room.on_rtp(camera.session_id, packet, now)
        fanouts = room.flush(now)
        for fanout in fanouts:
            self._egress.send(fanout)
        if (deadline := room.deadline()) is not None and deadline <= now:
            room.handle_timeout(now)
        commands = room.take_commands()
        used = time.process_time() - begun
        for command in commands:
            if command.session_id == camera.session_id:
                camera.hear(command.data)
        if self._case.loss:
            for fanout in fanouts:
                self._lose(frame, fanout)
        return used

    def _reports(self, frame: int) -> Iterator[tuple[SessionId, bytes]]:
        """Yield the reports of the viewers whose turn it is; each has one in a second."""
        for row, session_id in self._viewers.items():
            if row % FRAMES_PER_SECOND == frame % FRAMES_PER_SECOND:
                yield session_id, _REPORT

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


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what recovery and simulcast cost.")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0, help="of media, for each case")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    options = parser.parse_args()
    best: dict[str, float] = {}
    # In turns, so that a busy moment does not meet one case alone.
    for case in CASES * options.rounds:
        with loopback_port() as port:
            cost = Run(case, options.viewers, port).measure(options.seconds)
        best[case.title] = min(cost, best.get(case.title, cost))
    for title, cost in best.items():
        more = cost / best[CASES[0].title] - 1
        print(f"{title}: {cost * 1e6:.2f} µs per packet and viewer ({more:+.1%})")


if __name__ == "__main__":
    main()
