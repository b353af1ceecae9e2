"""What a load test found, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from liverelay.loadtest.figures import Lows, Spread


@dataclass(frozen=True, slots=True)
class Result:
    """The measured part of a test; times are in seconds.

    `failures` counts the viewers that could not join or connect, by reason. Of the others,
    `connected` still are at the end, `watching` still get media, and the rest is `stalled`. `lost`
    is what was sent to them and did not arrive; where the publisher is not ours, it is the gaps in
    the numbers of what came. `viewer_bitrate` is what each of them got, in kbit/s. `own_cpu` is the
    share of one core that the test itself took: near 1, latency and loss are partly its own.
    """

    room_ids: tuple[str, ...]
    publishers: int
    subscribers: int
    connected: int
    with_media: int
    watching: int
    stalled: int
    failures: Mapping[str, int]
    seconds: float
    packets: int
    octets: int
    lost: int
    answer: Spread | None
    first_media: Spread | None
    latency: Spread | None
    viewer_bitrate: Lows | None
    own_cpu: float
    is_interrupted: bool

    @property
    def loss_percent(self) -> float:
        expected = self.packets + self.lost
        return 100 * self.lost / expected if expected else 0.0

    @property
    def watching_percent(self) -> float:
        return 100 * self.watching / self.subscribers

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
            "watching": self.watching,
            "stalled": self.stalled,
            "failures": dict(self.failures),
            "seconds": round(self.seconds, 2),
            "packets": self.packets,
            "packets_per_second": round(self.packets / self.seconds) if self.seconds else 0,
            "bitrate_kbps": round(self.bitrate_bps / 1000),
            "viewer_bitrate_kbps": self.viewer_bitrate.to_json() if self.viewer_bitrate else None,
            "lost": self.lost,
            "loss_percent": round(self.loss_percent, 3),
            **{
                f"{name}_ms": each.scaled(1000).to_json(1) if each else None
                for name, each in spreads.items()
            },
            "own_cpu_percent": round(100 * self.own_cpu),
            "interrupted": self.is_interrupted,
        }


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the user asks for; None asks for nothing."""

    max_loss_percent: float | None = None
    min_connected_percent: float | None = None
    max_latency_ms: float | None = None
    max_first_media_ms: float | None = None
    min_bitrate_kbps: float | None = None

    def missed(self, result: Result) -> list[str]:
        """Return a sentence for each threshold that `result` misses.

        What could not be measured misses its threshold: no news is not good news. Whatever is
        asked for, a test at whose end no viewer gets anything has failed.
        """
        if not result.watching:
            return ["no viewer got media at the end"]
        return [
            *self._missed_by_viewers(result),
            *self._missed_by_media(result),
            *_late("latency", self.max_latency_ms, result.latency),
            *_late("first media", self.max_first_media_ms, result.first_media),
        ]

    def _missed_by_viewers(self, result: Result) -> Iterator[str]:
        least = self.min_connected_percent
        if least is None and result.stalled and self != Thresholds():
            joined = result.watching + result.stalled
            yield f"{result.stalled} of {joined} viewers got nothing at the end"
        elif least is not None and result.watching_percent < least:
            yield f"{result.watching_percent:.1f} % got media at the end, under {least:g}"

    def _missed_by_media(self, result: Result) -> Iterator[str]:
        most, least, measured = self.max_loss_percent, self.min_bitrate_kbps, result.viewer_bitrate
        if most is not None and result.loss_percent > most:
            yield f"loss is {result.loss_percent:.2f} %, over {most:g}"
        if least is not None and measured is not None and measured.p1 < least:
            yield f"bitrate p1 is {measured.p1:.0f} kbit/s, under {least:g}"


def _late(name: str, most: float | None, measured: Spread | None) -> Iterator[str]:
    if most is not None and measured is None:
        yield f"{name} could not be measured"
    elif most is not None and measured is not None and 1000 * measured.p99 > most:
        yield f"{name} p99 is {1000 * measured.p99:.1f} ms, over {most:g}"
