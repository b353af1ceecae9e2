"""A publisher that follows the server's estimate, on paths that carry less than it would send."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

import pytest

from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import ReceiverEstimatedMaximumBitrate
from liverelay.sfu.types import SessionId
from tests.support.network import Conditions, Link
from tests.support.packets import VP8_DELTA, rtp
from tests.support.parameters import VP8_WITH_REMB, published_video
from tests.support.simulation.server import SimulatedServer

FRAME_INTERVAL = 1 / 30
LARGEST_PACKET = 1200
WANTED_BPS = 3_000_000.0


@dataclass(frozen=True)
class Arrived:
    at: float
    delay: float
    size: int


class Camera:
    """Sends frames at the bitrate it was told last."""

    session_id = SessionId("camera")

    def __init__(self, server: SimulatedServer, conditions: Conditions) -> None:
        self.arrived: list[Arrived] = []
        self.link = Link(server.clock, self._arrive, conditions)
        self.estimates: list[int] = []
        self._server = server
        self._bitrate_bps = 500_000.0
        self._sequence_number = 0
        self._sent_at: dict[int, float] = {}
        server.add_publications(self, published_video(VP8_WITH_REMB))
        self._send_frame()

    def take_rtp(self, packet: bytes) -> None:
        raise AssertionError(f"nothing was to come here: {packet!r}")

    def take_rtcp(self, data: bytes) -> None:
        for packet in parse_compound(data):
            if isinstance(packet, ReceiverEstimatedMaximumBitrate):
                self.estimates.append(packet.bitrate_bps)
                self._bitrate_bps = min(packet.bitrate_bps, WANTED_BPS)

    def received_bps(self, since: float) -> float:
        return mean(each.size * 8 for each in self._since(since)) * self._rate(since)

    def mean_delay(self, since: float) -> float:
        return mean(each.delay for each in self._since(since))

    def _since(self, since: float) -> list[Arrived]:
        return [each for each in self.arrived if each.at >= since]

    def _rate(self, since: float) -> float:
        return len(self._since(since)) / (self._server.clock.now - since)

    def _send_frame(self) -> None:
        now = self._server.clock.now
        left = self._bitrate_bps * FRAME_INTERVAL / 8
        while left > 0:
            size = max(40, int(min(left, LARGEST_PACKET)))
            left -= size
            self._sequence_number += 1
            packet = rtp(
                VP8_DELTA.ljust(size - 12, b"x"),
                sequence_number=self._sequence_number,
                rtp_timestamp=round(now * 90_000),
            )
            self._sent_at[self._sequence_number & 0xFFFF] = now
            self.link.send(packet)
        self._server.clock.at(now + FRAME_INTERVAL, self._send_frame)

    def _arrive(self, packet: bytes) -> None:
        now, number = self._server.clock.now, int.from_bytes(packet[2:4])
        self.arrived.append(Arrived(now, now - self._sent_at[number], len(packet)))
        self._server.on_rtp(self.session_id, packet)


@pytest.mark.parametrize("rate_bps", [400_000.0, 1_000_000.0, 2_000_000.0])
def test_path_is_filled_and_its_queue_stays_short(rate_bps: float) -> None:
    server = SimulatedServer()
    camera = Camera(server, Conditions(rate_bps=rate_bps))

    server.run(60.0)

    settled = server.clock.now - 30.0
    assert camera.received_bps(settled) > 0.85 * rate_bps
    assert camera.mean_delay(settled) < 0.12


def test_path_that_becomes_narrow_is_noticed_within_seconds() -> None:
    server = SimulatedServer()
    camera = Camera(server, Conditions(rate_bps=2_000_000.0))
    server.run(40.0)

    camera.link.path.conditions = Conditions(rate_bps=600_000.0)
    server.run(5.0)

    assert camera.estimates[-1] < 700_000
    server.run(1.0)
    assert camera.mean_delay(server.clock.now - 1.0) < 0.15


def test_wide_path_is_used_as_far_as_the_publisher_wants() -> None:
    server = SimulatedServer()
    camera = Camera(server, Conditions(spread=0.02, loss=0.005))

    server.run(40.0)

    assert camera.received_bps(server.clock.now - 5.0) == pytest.approx(WANTED_BPS, rel=0.05)


def test_loss_without_a_queue_leaves_a_picture() -> None:
    server = SimulatedServer()
    camera = Camera(server, Conditions(loss=0.2))

    server.run(30.0)

    assert 290_000 < camera.estimates[-1] < 350_000
