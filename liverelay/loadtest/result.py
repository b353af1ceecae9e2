"""What a load test found, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.loadtest.figures import Spread


@dataclass(frozen=True, slots=True)
class Result:
    """The measured part of a test; times are in seconds.

    `lost` are packets that the numbering of the streams says were sent, and that did not arrive.
    `failures` counts the viewers that could not join or connect, by reason. `own_cpu` is the share
    of one core that the test itself took: near 1, latency and loss are partly its own.
    """

    room_ids: tuple[str, ...]
    publishers: int
    subscribers: int
    connected: int
    with_media: int
    failures: Mapping[str, int]
    seconds: float
    packets: int
    octets: int
    lost: int
    answer: Spread | None
    first_media: Spread | None
    latency: Spread | None
    own_cpu: float

    @property
    def loss_percent(self) -> float:
        expected = self.packets + self.lost
        return 100 * self.lost / expected if expected else 0.0

    @property
    def connected_percent(self) -> float:
        return 100 * self.connected / self.subscribers if self.subscribers else 100.0

    @property
    def bitrate_bps(self) -> float:
        return 8 * self.octets / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, object]:
        spreads = {"answer": self.answer, "first_media": self.first_media, "latency": self.latency}
        return {
            "rooms": list(self.room_ids),
            "publishers": self.publishers,
            "subscribers": self.subscribers,
            "connected": self.connected,
            "with_media": self.with_media,
            "failures": dict(self.failures),
            "seconds": round(self.seconds, 2),
            "packets": self.packets,
            "packets_per_second": round(self.packets / self.seconds) if self.seconds else 0,
            "bitrate_kbps": round(self.bitrate_bps / 1000),
            "lost": self.lost,
            "loss_percent": round(self.loss_percent, 3),
            **{
                f"{name}_ms": each.scaled(1000).to_json(1) if each else None
                for name, each in spreads.items()
            },
            "own_cpu_percent": round(100 * self.own_cpu),
        }


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the user asks for; None asks for nothing."""

    max_loss_percent: float | None = None
    min_connected_percent: float | None = None
    max_latency_ms: float | None = None
    max_first_media_ms: float | None = None

    def missed(self, result: Result) -> list[str]:
        """Return a sentence for each threshold that `result` misses.

        What could not be measured misses its threshold: no news is not good news.
        """
        sentences = []
        most_lost = self.max_loss_percent
        if most_lost is not None and not result.packets:
            sentences.append("no packet arrived")
        elif most_lost is not None and result.loss_percent > most_lost:
            sentences.append(f"loss is {result.loss_percent:.2f} %, over {most_lost:g}")
        least = self.min_connected_percent
        if least is not None and result.connected_percent < least:
            sentences.append(f"{result.connected_percent:.1f} % connected, under {least:g}")
        for name, most, measured in (
            ("latency", self.max_latency_ms, result.latency),
            ("first media", self.max_first_media_ms, result.first_media),
        ):
            if most is not None and measured is None:
                sentences.append(f"{name} could not be measured")
            elif most is not None and measured is not None and 1000 * measured.p99 > most:
                sentences.append(f"{name} p99 is {1000 * measured.p99:.1f} ms, over {most:g}")
        return sentences
