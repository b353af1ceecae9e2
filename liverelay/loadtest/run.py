"""One load test: publishers first, then viewers one after the other, then the measuring."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import RefusedError, RemoteError, UnreachableError
from liverelay.loadtest.figures import Histogram, spread
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

# One viewer in so many measures latency, at a cost of a few microseconds a packet.
_VIEWERS_PER_PROBE = 25

# The reports of all viewers are spread over their second in so many parts.
_REPORT_PARTS = 10


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
class Totals:
    """Where a test stands."""

    joined: int
    connected: int
    failed: int
    packets: int
    octets: int
    expected: int
    received: int


class LoadTest:
    """Runs a plan once; calls `on_progress` several times a second while viewers join and watch."""

    def __init__(
        self,
        api: ServerApi,
        plan: Plan,
        on_progress: Callable[[LoadTest], None] = lambda _: None,
    ) -> None:
        self.plan = plan
        self._measuring_since: float | None = None
        self._api = api
        self._on_progress = on_progress
        self._certificate = ClientCertificate(generate_identity())
        self._rooms: list[str] = []
        self._publishers: list[Publisher] = []
        self._viewers: list[Viewer] = []
        self._failures: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(_MAX_JOINS)

    def totals(self) -> Totals:
        viewers = self._viewers
        return Totals(
            joined=len(viewers),
            connected=sum(viewer.is_connected for viewer in viewers),
            failed=self._failures.total(),
            packets=sum(viewer.packets for viewer in viewers),
            octets=sum(viewer.octets for viewer in viewers),
            expected=sum(viewer.expected for viewer in viewers),
            received=sum(viewer.received for viewer in viewers),
        )

    def elapsed(self) -> float | None:
        """Return how long the measuring has lasted, or None before it."""
        if self._measuring_since is None:
            return None
        return time.monotonic() - self._measuring_since

    async def run(self) -> Result:
        """Do it all, and leave nothing behind on the server.

        Raises:
            ConfigError: So many clients need more open files than there may be.
            RefusedError: The key, the room or a publisher is refused.
            UnreachableError: The server cannot be reached by HTTP, or a publisher not by UDP.
        """
        allow_files_for(self.plan.publishers + self.plan.subscribers)
        try:
            await self._open_rooms()
            for room_id in self._rooms[: self.plan.publishers]:
                await self._publish(room_id)
            async with asyncio.TaskGroup() as background:
                reports = background.create_task(self._report())
                async with asyncio.TaskGroup() as joins:
                    await self._ramp_up(joins)
                result = await self._measure()
                reports.cancel()
            return result
        finally:
            await self._close()

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
        self._publishers.append(publisher)
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
        begun = time.monotonic()
        count = self.plan.subscribers
        for i in range(count):
            await asyncio.sleep(begun + self.plan.ramp * i / count - time.monotonic())
            room_id = self._rooms[i % len(self._rooms)]
            joins.create_task(self._watch(room_id, is_probe=i % _VIEWERS_PER_PROBE == 0))

    async def _watch(self, room_id: str, *, is_probe: bool) -> None:
        try:
            async with self._slots:
                self._viewers.append(await self._join(room_id, is_probe=is_probe))
        except RefusedError as error:
            self._failures[error.code.value] += 1
        except UnreachableError:
            self._failures["no HTTP answer"] += 1
        except RemoteError as error:
            self._failures[str(error)] += 1
        except OSError as error:
            self._failures[error.strerror or str(error)] += 1

    async def _join(self, room_id: str, *, is_probe: bool) -> Viewer:
        viewer = Viewer(self._certificate, is_probe=is_probe and bool(self._publishers))
        try:
            token = await self._api.create_token(room_id, "subscribe")
            await viewer.watch(lambda offer: self._api.join("subscribe", token, offer))
        except TimeoutError:
            viewer.close()
            raise ConnectionError(f"no UDP answer from {viewer.remote}") from None
        except BaseException:
            viewer.close()
            raise
        return viewer

    async def _measure(self) -> Result:
        for viewer in self._viewers:
            viewer.latencies = Histogram()
        self._measuring_since = begun = time.monotonic()
        before, cpu_before = self.totals(), time.process_time()
        await asyncio.sleep(self.plan.duration)
        after, cpu = self.totals(), time.process_time() - cpu_before
        seconds = time.monotonic() - begun
        expected = after.expected - before.expected
        received = after.received - before.received
        answers = [v.answered_after for v in self._viewers if v.answered_after is not None]
        media = [v.first_media_after for v in self._viewers if v.first_media_after is not None]
        latencies = Histogram()
        latencies.add_all(viewer.latencies for viewer in self._viewers)
        return Result(
            room_ids=tuple(self._rooms),
            publishers=len(self._publishers),
            subscribers=self.plan.subscribers,
            connected=after.connected,
            with_media=len(media),
            failures=dict(self._failures),
            seconds=seconds,
            packets=after.packets - before.packets,
            octets=after.octets - before.octets,
            lost=max(0, expected - received),
            answer=spread(answers),
            first_media=spread(media),
            latency=latencies.spread(),
            own_cpu=cpu / seconds,
        )

    async def _report(self) -> None:
        part = 0
        while True:
            for viewer in self._viewers[part::_REPORT_PARTS]:
                viewer.send_report()
            part = (part + 1) % _REPORT_PARTS
            self._on_progress(self)
            await asyncio.sleep(1 / _REPORT_PARTS)

    async def _close(self) -> None:
        for client in (*self._viewers, *self._publishers):
            client.close()
        if self.plan.room_id is None:
            for room_id in self._rooms:
                try:
                    await self._api.delete_room(room_id)
                except (RefusedError, UnreachableError):
                    return
