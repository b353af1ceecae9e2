"""The load generator's processes: one that publishes, one that is the crowd.

Run by the benchmark as `python -m benchmarks.worker '{"signalling": …}'`. They are apart so that
the sweeps of the crowd do not disturb the pace of the publisher.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from dataclasses import asdict
from typing import Any

import aiohttp
from typing_extensions import override

from benchmarks.crowd import Crowd
from benchmarks.lines import answer, commands
from benchmarks.probes import places_of
from benchmarks.signalling import create_signalling
from liverelay.errors import LiveRelayError
from liverelay.loadtest.files import allow_files_for
from liverelay.loadtest.publisher import Publisher
from liverelay.loadtest.source import MediaSource, VideoShape
from liverelay.loadtest.viewer import Viewer
from liverelay.transport.client_dtls import ClientCertificate
from liverelay.transport.identity import generate_identity

_MOST_VIEWERS = 2000
_SWEEP_INTERVAL = 0.01
_REPORT_PARTS = 10
_MEDIA_TIMEOUT = 15.0
_BUFFER_SIZE = 1 << 20


class _TimedViewer(Viewer):
    """A viewer that tells when its first packet has come."""

    def __init__(self, certificate: ClientCertificate, *, ip: str) -> None:
        super().__init__(certificate, ip=ip)
        self.has_media = asyncio.Event()

    @override
    def on_rtp(self, datagram: bytes) -> None:
        super().on_rtp(datagram)
        self.has_media.set()


class Worker:
    """What both processes can do; each is asked for its part."""

    def __init__(self, options: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self._options = options
        self._ip: str = options["ip"]
        self._certificate = ClientCertificate(generate_identity())
        counts = options["counts"]
        places = places_of(counts)
        allow_files_for(max(counts))
        self._crowd = Crowd(_MOST_VIEWERS, options["nacked"], places)
        self._publisher: Publisher | None = None
        self._signalling = create_signalling(options["signalling"], http, options["options"])
        self._loop = asyncio.get_running_loop()
        self._report_part = 0
        self._told_at = time.monotonic()

    async def publish(self) -> dict[str, object]:
        frames = None
        if self._options["is_decoded"]:
            from benchmarks.clip import ClipFrames

            frames = ClipFrames()
        source = MediaSource(VideoShape(), frames)
        self._publisher = Publisher(self._certificate, source, ip=self._ip)
        await self._signalling.prepare(0)
        await self._signalling.publish(self._publisher)
        return {"profile": self._publisher.profile.decode()}

    async def add(self, count: int, parallel: int) -> dict[str, object]:
        """Let so many viewers join, a few at a time.

        `latency` is that of the packets which those who were there got meanwhile.
        """
        await self._signalling.prepare(count)
        slots = asyncio.Semaphore(parallel)
        failures: list[str] = []
        viewers: list[_TimedViewer] = []

        async def join() -> None:
            async with slots:
                try:
                    viewer = await self._join()
                except (LiveRelayError, OSError, TimeoutError, aiohttp.ClientError) as error:
                    failures.append(f"{type(error).__name__}: {error}")
                    return
            self._crowd.add(viewer, viewer.detach())
            viewers.append(viewer)

        begun = time.monotonic()
        self._crowd.probes.begin(len(self._crowd))
        await asyncio.gather(*(join() for _ in range(count)))
        latency = self._crowd.probes.spread()
        return {
            "seconds": time.monotonic() - begun,
            "answers": [viewer.answered_after for viewer in viewers],
            "media": [viewer.first_media_after for viewer in viewers],
            "latency": latency and asdict(latency),
            "failures": failures,
        }

    async def open(self, count: int) -> dict[str, object]:
        """Open sockets that are sent to without having asked."""
        addresses = []
        for _ in range(count):
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_SIZE)
            opened.bind((self._ip, 0))
            self._crowd.add(None, opened)
            addresses.append(opened.getsockname())
        return {"addresses": addresses}

    async def stats(self) -> dict[str, object]:
        """Return the counts until now, and what was measured since they were asked for last.

        The crowd is empty in the publisher's process, and the other has no publisher.
        """
        now = time.monotonic()
        expected, received = self._crowd.expected_and_received()
        latency = self._crowd.probes.spread()
        self._crowd.probes.begin(len(self._crowd))
        silence = self._crowd.silence(now, self._told_at)
        self._told_at = now
        return {
            "at": now,
            "packets": self._crowd.packets,
            "octets": self._crowd.octets,
            "expected": expected,
            "received": received,
            "latency": latency and asdict(latency),
            "silence": silence,
            "stalled": self._crowd.stalled(now),
            "sent": self._publisher.source.packets if self._publisher is not None else {},
            "cpu": time.process_time(),
        }

    def sweep(self) -> None:
        """Read the crowd, now and for ever."""
        self._loop.call_later(_SWEEP_INTERVAL, self.sweep)
        self._crowd.sweep()

    def report(self) -> None:
        """Send a part of the crowd's reports, now and for ever."""
        self._loop.call_later(1 / _REPORT_PARTS, self.report)
        self._crowd.report(slice(self._report_part, None, _REPORT_PARTS))
        self._report_part = (self._report_part + 1) % _REPORT_PARTS

    def close(self) -> None:
        if self._publisher is not None:
            self._publisher.close()

    async def _join(self) -> _TimedViewer:
        viewer = _TimedViewer(self._certificate, ip=self._ip)
        try:
            await self._signalling.watch(viewer)
            await asyncio.wait_for(viewer.has_media.wait(), _MEDIA_TIMEOUT)
        except BaseException:
            viewer.close()
            raise
        return viewer


async def _work(options: dict[str, Any]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        worker = Worker(options, http)
        worker.sweep()
        worker.report()
        async for command in commands():
            do = getattr(worker, command.pop("do"))
            try:
                answer(**await do(**command))
            except (LiveRelayError, RuntimeError, OSError, aiohttp.ClientError) as error:
                answer(failed=f"{type(error).__name__}: {error}")
        worker.close()


if __name__ == "__main__":
    asyncio.run(_work(json.loads(sys.argv[1])))
