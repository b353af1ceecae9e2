"""Telling another program what happens: signed, in order for each room, and again if it was busy.

What is told of a room is told in order: the next of it waits until the one before was taken or
given up. Other rooms do not wait for that, and neither do media and requests: what the receiver
does not take in time is dropped and counted.

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
from collections import deque
from dataclasses import dataclass, field
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
_WORKERS = 8

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


@dataclass(slots=True, eq=False)
class _Backlog:
    """What is to be told of one room, in order, and how often the first of it was not taken.

    There is none without an event, so all together they are bounded as the events are.
    """

    room_id: str
    bodies: deque[bytes] = field(default_factory=deque)
    failures: int = 0


class Webhook:
    """Posts events to one address."""

    def __init__(self, url: str, secret: str, backoff: Backoff) -> None:
        self.counters = WebhookCounters()
        self._url = url
        self._secret = secret.encode()
        self._backoff = backoff
        # By room; each is due, in the hands of a worker, or waits for its timer.
        self._backlogs: dict[str, _Backlog] = {}
        self._due: asyncio.Queue[_Backlog] = asyncio.Queue()
        self._timers: dict[_Backlog, asyncio.TimerHandle] = {}
        self._pending = 0
        self._is_closing = False
        self._drained = asyncio.Event()
        self._drained.set()
        self._is_failing = False

    def __len__(self) -> int:
        """Return how many events are not delivered yet."""
        return self._pending

    def start(self, start_task: StartTask) -> None:
        """Begin to deliver."""
        for number in range(_WORKERS):
            start_task(self._run(), name=f"webhook {number}")

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
        room_id = str(data["room_id"])
        backlog = self._backlogs.get(room_id)
        if backlog is None:
            backlog = self._backlogs[room_id] = _Backlog(room_id)
            self._due.put_nowait(backlog)
        backlog.bodies.append(json.dumps(event, separators=(",", ":")).encode())

    async def close(self) -> None:
        """Try once more what is pending, at once and not for long; the tasks are the caller's."""
        self._is_closing = True
        for backlog in tuple(self._timers):
            self._resume(backlog)
        try:
            async with asyncio.timeout(CLOSING_TIME):
                await self._drained.wait()
        except TimeoutError:
            logger.warning("webhook: %d events were not delivered", self._pending)

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            while True:
                await self._advance(http, await self._due.get())

    async def _advance(self, http: aiohttp.ClientSession, backlog: _Backlog) -> None:
        """Post the first of `backlog`; if it is not taken, it is due again later."""
        problem = await self._attempt(http, backlog.bodies[0])
        if problem is None:
            self.counters.delivered += 1
            self._note_success()
            self._finish_first(backlog)
            return
        backlog.failures += 1
        self.counters.failed_attempts += 1
        self._note_failure(problem)
        # When the server is about to stop there is no later.
        delay = None if self._is_closing else self._backoff.delay(backlog.failures)
        if delay is None:
            self.counters.failed += 1
            self._finish_first(backlog)
        else:
            loop = asyncio.get_running_loop()
            self._timers[backlog] = loop.call_later(delay, self._resume, backlog)

    def _resume(self, backlog: _Backlog) -> None:
        self._timers.pop(backlog).cancel()
        self._due.put_nowait(backlog)

    def _finish_first(self, backlog: _Backlog) -> None:
        """Have done with the first of `backlog`, and go on with the next in its turn."""
        backlog.bodies.popleft()
        backlog.failures = 0
        if backlog.bodies:
            self._due.put_nowait(backlog)
        else:
            del self._backlogs[backlog.room_id]
        self._pending -= 1
        if not self._pending:
            self._drained.set()

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
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a host name that cannot even be asked for.
            return str(error) or type(error).__name__

    def _note_success(self) -> None:
        """Say that deliveries work again, once nothing waits to be tried again."""
        if self._is_failing and not self._timers:
            self._is_failing = False
            logger.info("webhook: delivering again")

    def _note_failure(self, problem: str) -> None:
        """Say once that deliveries fail, not for each."""
        if not self._is_failing:
            self._is_failing = True
            logger.warning("webhook: %s; trying again, later and later", problem)


def sign(secret: bytes, body: bytes, timestamp: int) -> str:
    """Return the header by which a receiver knows that `body` is from here, and from now."""
    digest = hmac.new(secret, b"%d.%b" % (timestamp, body), hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"
