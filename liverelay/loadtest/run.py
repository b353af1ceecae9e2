"""One load test: publishers first, then viewers one after the other, then the measuring."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import RefusedError, RemoteError, UnreachableError
from liverelay.loadtest.audience import REPORT_PARTS, Audience
from liverelay.loadtest.figures import lows, spread
from liverelay.loadtest.files import allow_files_for
from liverelay.loadtest.publisher import Publisher
from liverelay.loadtest.result import Result
from liverelay.loadtest.source import MediaSource, VideoShape
from liverelay.loadtest.viewer import CONNECT_TIMEOUT, Viewer
from liverelay.transport.client_dtls import ClientCertificate
from liverelay.transport.identity import generate_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from liverelay.loadtest.api import ServerApi

# Joins under way at once: more would measure how long they wait for each other here.
_MAX_JOINS = 16

# So many viewers measure latency at least, and one in so many of a large audience, at a cost of a
# few microseconds a packet.
_LEAST_PROBES = 3
_VIEWERS_PER_PROBE = 25

# A viewer to whom nothing has come for so long is stalled, not just late.
_STALLED_AFTER = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for; times in seconds. Without a `room_id` each publisher gets a new room."""

    room_id: str | None
    publishers: int
    subscribers: int
    duration: float
    ramp: float
    shape: VideoShape


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a test stands: `elapsed` of `total` seconds of its stage, and what viewers get now."""

    stage: str
    elapsed: float
    total: float
    connected: int
    stalled: int
    failed: int
    bitrate_bps: float
    loss_percent: float


class LoadTest:
    """Runs a plan once; calls `on_progress` once a second while viewers join and watch.

    `rooms_left` are those that it has made and that could not be deleted.
    """

    def __init__(
        self,
        api: ServerApi,
        plan: Plan,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self.plan = plan
        self._loop = asyncio.get_running_loop()
        self._api = api
        self._on_progress = on_progress
        self._certificate = ClientCertificate(generate_identity())
        self.rooms_left: list[str] = []
        self._rooms: list[str] = []
        self._failures: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(_MAX_JOINS)
        self._probes = probes(plan.subscribers) if plan.publishers else frozenset()
        stalled_after = min(_STALLED_AFTER, plan.duration / 2)
        self._audience = Audience(self._loop.time(), stalled_after=stalled_after)
        self._scope: asyncio.Timeout | None = None
        self._begin("connecting", 0.0)

    async def run(self) -> Result | None:
        """Do it all, and leave nothing behind on the server but `rooms_left`.

        Returns None if it was stopped before viewers began to join.

        Raises:
            ConfigError: So many clients need more open files than there may be.
            RefusedError: The key, the room or a publisher is refused.
            UnreachableError: The server cannot be reached by HTTP, or a publisher not by UDP.
        """
        allow_files_for(self.plan.publishers + self.plan.subscribers)
        # It has no end of its own: it is what `stop` ends.
        scope = self._scope = asyncio.timeout(None)
        try:
            async with scope:
                await self._open_rooms()
                for room_id in self._rooms[: self.plan.publishers]:
                    await self._publish(room_id)
                return await self._load()
        except TimeoutError:
            if not scope.expired():
                raise
            return None if self._stage == "connecting" else self._result(is_interrupted=True)
        finally:
            self._scope = None
            await self._close()

    def stop(self) -> None:
        """End now, with the result that there is by now."""
        if self._scope is not None:
            self._scope.reschedule(self._loop.time())

    async def _load(self) -> Result:
        async with asyncio.TaskGroup() as background:
            reports = background.create_task(self._report())
            self._begin("joining", self.plan.ramp)
            async with asyncio.TaskGroup() as joins:
                await self._ramp_up(joins)
            self._begin("measuring", self.plan.duration)
            await asyncio.sleep(self.plan.duration)
            reports.cancel()
            return self._result(is_interrupted=False)

    def _begin(self, stage: str, total: float) -> None:
        """Begin a stage, and to count anew."""
        self._stage, self._total = stage, total
        self._begun = self._told_at = self._loop.time()
        self._told_octets = 0
        self._cpu = time.process_time()
        self._audience.mark(self._begun)

    async def _open_rooms(self) -> None:
        if self.plan.room_id is not None:
            await self._api.check_room(self.plan.room_id)
            self._rooms.append(self.plan.room_id)
            return
        for _ in range(self.plan.publishers):
            self._rooms.append(await self._api.create_room())

    async def _publish(self, room_id: str) -> None:
        token = await self._api.create_token(room_id, "publish")
        publisher = Publisher(self._certificate, MediaSource(self.plan.shape))
        self._audience.publishers.append(publisher)
        try:
            await publisher.publish(lambda offer: self._api.join("publish", token, offer))
        except TimeoutError:
            raise UnreachableError(
                f"a publisher got no answer over UDP from {publisher.remote} in "
                f"{CONNECT_TIMEOUT:.0f} s: is the server's UDP port open and its --public-address "
                "right?"
            ) from None
        except (RemoteError, ConnectionError) as error:
            raise UnreachableError(f"a publisher could not connect: {error}") from None

    async def _ramp_up(self, joins: asyncio.TaskGroup) -> None:
        count = self.plan.subscribers
        for i in range(count):
            await asyncio.sleep(self._begun + self.plan.ramp * i / count - self._loop.time())
            joins.create_task(self._watch(i))

    async def _watch(self, i: int) -> None:
        publishers = self._audience.publishers
        publisher = publishers[i % len(publishers)] if publishers else None
        try:
            async with self._slots:
                self._audience.add(await self._join(i), publisher)
        except RefusedError as error:
            self._failures[error.code.value] += 1
        except UnreachableError:
            self._failures["no HTTP answer"] += 1
        except RemoteError as error:
            self._failures[str(error)] += 1
        except OSError as error:
            self._failures[error.strerror or str(error)] += 1

    async def _join(self, i: int) -> Viewer:
        viewer = Viewer(self._certificate, is_probe=i in self._probes)
        try:
            token = await self._api.create_token(self._rooms[i % len(self._rooms)], "subscribe")
            await viewer.watch(lambda offer: self._api.join("subscribe", token, offer))
        except TimeoutError:
            viewer.close()
            raise ConnectionError(f"no UDP answer from {viewer.remote}") from None
        except BaseException:
            viewer.close()
            raise
        return viewer

    def _result(self, *, is_interrupted: bool) -> Result:
        now = self._loop.time()
        count = self._audience.count(now)
        viewers = self._audience.viewers
        media = [v.first_media_after for v in viewers if v.first_media_after is not None]
        return Result(
            room_ids=tuple(self._rooms),
            publishers=len(self._audience.publishers),
            subscribers=self.plan.subscribers,
            connected=count.connected,
            with_media=len(media),
            watching=count.watching,
            stalled=count.stalled,
            failures=dict(self._failures),
            seconds=count.seconds,
            packets=count.packets,
            octets=count.octets,
            lost=count.lost,
            answer=spread([v.answered_after for v in viewers if v.answered_after is not None]),
            first_media=spread(media),
            latency=self._audience.latencies().spread(),
            viewer_bitrate=lows(count.bitrates),
            own_cpu=(time.process_time() - self._cpu) / count.seconds,
            is_interrupted=is_interrupted,
        )

    async def _report(self) -> None:
        while True:
            self._tell_progress()
            for part in range(REPORT_PARTS):
                self._audience.send_reports(part)
                await asyncio.sleep(1 / REPORT_PARTS)

    def _tell_progress(self) -> None:
        now = self._loop.time()
        count = self._audience.count(now)
        bitrate = 8 * (count.octets - self._told_octets) / max(now - self._told_at, 1e-6)
        self._told_at, self._told_octets = now, count.octets
        self._on_progress(
            Progress(
                stage=self._stage,
                elapsed=now - self._begun,
                total=self._total,
                connected=count.connected,
                stalled=count.stalled,
                failed=self._failures.total(),
                bitrate_bps=bitrate,
                loss_percent=count.loss_percent,
            )
        )

    async def _close(self) -> None:
        self._audience.close()
        if self.plan.room_id is None:
            await asyncio.gather(*(self._delete(room_id) for room_id in self._rooms))

    async def _delete(self, room_id: str) -> None:
        try:
            await self._api.delete_room(room_id)
        except (RefusedError, UnreachableError):
            self.rooms_left.append(room_id)


def probes(viewers: int) -> frozenset[int]:
    """Return which of so many viewers measure latency: the first, the last, and some between.

    A server sends a packet to one after the other, so the first alone would be the best case.
    """
    count = min(viewers, max(_LEAST_PROBES, viewers // _VIEWERS_PER_PROBE))
    return frozenset(i * (viewers - 1) // max(1, count - 1) for i in range(count))
