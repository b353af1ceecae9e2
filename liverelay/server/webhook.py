"""Telling another program what happens: signed, in order for each room, and again if it was busy.

Deliveries wait in lanes, and a room's always in the same one, so that what is told of a room is
told in order. Nothing here is waited for by media or by requests: what the receiver does not take
in time is dropped and counted.

The address is the operator's, never a client's. Redirections are not followed and answers are not
read, so a receiver cannot use this server to reach others.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import uuid
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

import liverelay
from liverelay.utc import unix_now, utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from liverelay.transport.types import StartTask

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "LiveRelay-Signature"

# About 500 bytes each: what a thousand viewers cause who join and leave while the receiver is down.
MAX_PENDING = 2_000

# Deliveries under way at once. More would only be a load for a receiver that is slow.
_LANES = 8

# For connection, request and answer; a receiver that has much to do answers first and does it then.
ATTEMPT_TIMEOUT = 10.0

# How long `close` waits for what is on its way; shutting down has 10 s in all.
CLOSING_TIME = 2.0


class Backoff:
    """When to try again: ever later, and not all at the same moment. Seconds."""

    def __init__(
        self, random: Random, *, first: float = 1.0, longest: float = 60.0, attempts: int = 8
    ) -> None:
        """Begin at `first` and double up to `longest`; give up after `attempts`."""
        self._random = random
        self._first = first
        self._longest = longest
        self._attempts = attempts

    def delay(self, failures: int) -> float | None:
        """Return how long to wait after so many failures, or None to give up."""
        if failures >= self._attempts:
            return None
        longest = min(self._longest, self._first * 2 ** (failures - 1))
        return self._random.uniform(longest / 2, longest)


@dataclass(slots=True)
class WebhookCounters:
    """What became of the events, and how many attempts failed."""

    delivered: int = 0
    failed: int = 0
    overflowed: int = 0
    failed_attempts: int = 0


class Webhook:
    """Posts events to one address."""

    def __init__(self, url: str, secret: str, backoff: Backoff) -> None:
        self.counters = WebhookCounters()
        self._url = url
        self._secret = secret.encode()
        self._backoff = backoff
        self._lanes = [_Lane() for _ in range(_LANES)]
        self._pending = 0
        self._closing = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._is_failing = False

    def __len__(self) -> int:
        """Return how many events are not delivered yet."""
        return self._pending

    def start(self, start_task: StartTask) -> None:
        """Begin to deliver."""
        for number, lane in enumerate(self._lanes):
            start_task(self._run(lane), name=f"webhook {number}")

    def post(self, name: str, data: Mapping[str, object]) -> None:
        """Queue an event; `data` must fit JSON and have a `room_id`."""
        if self._pending >= MAX_PENDING:
            self.counters.overflowed += 1
            return
        self._pending += 1
        self._drained.clear()
        event = {
            "id": str(uuid.uuid4()),
            "event": name,
            "created_at_utc": utc_now().isoformat(timespec="milliseconds"),
            "data": data,
        }
        lane = zlib.crc32(str(data["room_id"]).encode()) % _LANES
        self._lanes[lane].put(json.dumps(event, separators=(",", ":")).encode())

    async def close(self) -> None:
        """Try once more what is pending, at once and not for long; the tasks are the caller's."""
        self._closing.set()
        try:
            async with asyncio.timeout(CLOSING_TIME):
                await self._drained.wait()
        except TimeoutError:
            logger.warning("webhook: %d events were not delivered", self._pending)

    async def _run(self, lane: _Lane) -> None:
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            while True:
                body = await lane.take()
                if await self._deliver(http, body):
                    self.counters.delivered += 1
                else:
                    self.counters.failed += 1
                self._pending -= 1
                if not self._pending:
                    self._drained.set()

    async def _deliver(self, http: aiohttp.ClientSession, body: bytes) -> bool:
        """Post `body` until it is taken; return whether it was."""
        failures = 0
        while (problem := await self._attempt(http, body)) is not None:
            failures += 1
            self.counters.failed_attempts += 1
            self._note_failure(problem)
            delay = self._backoff.delay(failures)
            if delay is None or self._closing.is_set():
                return False
            await self._pause(delay)
        if self._is_failing:
            self._is_failing = False
            logger.info("webhook: delivering again")
        return True

    async def _attempt(self, http: aiohttp.ClientSession, body: bytes) -> str | None:
        """Post `body` once; return what went wrong, or None."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"LiveRelay/{liverelay.__version__}",
            SIGNATURE_HEADER: sign(self._secret, body, unix_now()),
        }
        try:
            async with http.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return None if 200 <= response.status < 300 else f"HTTP {response.status}"
        except TimeoutError:
            return f"no answer within {ATTEMPT_TIMEOUT:g} s"
        except (aiohttp.ClientError, OSError) as error:
            return str(error) or type(error).__name__

    def _note_failure(self, problem: str) -> None:
        """Say once that deliveries fail, not for each."""
        if not self._is_failing:
            self._is_failing = True
            logger.warning("webhook: %s; trying again, later and later", problem)

    async def _pause(self, delay: float) -> None:
        """Wait, unless the server is about to stop: then there is no later."""
        try:
            async with asyncio.timeout(delay):
                await self._closing.wait()
        except TimeoutError:
            pass


class _Lane:
    """What waits to be delivered one after the other; bounded by all lanes' common limit."""

    def __init__(self) -> None:
        self._bodies: deque[bytes] = deque()
        self._has_some = asyncio.Event()

    def put(self, body: bytes) -> None:
        self._bodies.append(body)
        self._has_some.set()

    async def take(self) -> bytes:
        while not self._bodies:
            self._has_some.clear()
            await self._has_some.wait()
        return self._bodies.popleft()


def sign(secret: bytes, body: bytes, timestamp: int) -> str:
    """Return the header by which a receiver knows that `body` is from here, and from now."""
    digest = hmac.new(secret, b"%d.%b" % (timestamp, body), hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"
