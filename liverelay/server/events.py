"""Telling listeners what happens, without ever waiting for one of them.

A hub is one stream of events, such as the whole server's or one session's. An event is encoded
once, however many listen, and not at all if nobody does. Each listener has a bounded queue of its
own; one that does not keep up is dismissed and counted, and nobody else notices.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from types import TracebackType

# A listener that is this far behind has stalled. An event is about 300 bytes, and of the large
# ones, which say how things are, only the newest is kept.
MAX_PENDING = 1024

# Who listens to the whole server: dashboards and programs, not viewers.
MAX_LISTENERS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happened, or, if `is_state`, how things are now.

    `data` is one line of JSON. Of a state, a listener that is behind gets the newest only.
    """

    name: str
    data: bytes
    is_state: bool = False


@dataclass(slots=True)
class EventCounters:
    """What all hubs of a server count together: listeners that did not keep up."""

    overrun: int = 0


class Listener:
    """One listener's queue, to be used as a context manager and by one task."""

    def __init__(self, hub: EventHub, owner: str) -> None:
        self.owner = owner
        self.is_overrun = False
        self._hub = hub
        # A state is found under its name, so that the next one can take its place.
        self._pending: OrderedDict[object, Event] = OrderedDict()
        self._is_closed = False
        self._changed = asyncio.Event()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hub.forget(self)

    async def take(self) -> Event | None:
        """Return the next event, waiting for it if need be; None once there will be no more."""
        while not self._pending and not self._is_closed:
            self._changed.clear()
            await self._changed.wait()
        return self._pending.popitem(last=False)[1] if self._pending else None

    def put(self, event: Event) -> None:
        """Queue an event, unless this is closed; the hub calls this."""
        if self._is_closed:
            return
        key: object = event.name if event.is_state else event
        self._pending.pop(key, None)
        self._pending[key] = event
        if len(self._pending) > MAX_PENDING:
            self.is_overrun = True
            self._pending.clear()
            self.close()
        self._changed.set()

    def close(self) -> None:
        """Let `take` return None after what is queued; the hub calls this."""
        self._is_closed = True
        self._changed.set()


class EventHub:
    """Hands each event to all who listen."""

    def __init__(self, counters: EventCounters, *, max_listeners: int) -> None:
        self._counters = counters
        self._max_listeners = max_listeners
        self._listeners: dict[Listener, None] = {}
        self._has_listener = asyncio.Event()
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._listeners)

    def listen(self, owner: str = "") -> Listener:
        """Return a new listener; `owner` is what `dismiss` knows it by.

        Raises:
            RefusedError: `unavailable`: the hub is closed, or has as many listeners as it may.
        """
        if self._is_closed:
            raise RefusedError(ErrorCode.UNAVAILABLE, "Server is shutting down", retry_after=5)
        if len(self._listeners) >= self._max_listeners:
            raise RefusedError(
                ErrorCode.UNAVAILABLE, "There are as many listeners as there may be", retry_after=5
            )
        listener = Listener(self, owner)
        self._listeners[listener] = None
        self._has_listener.set()
        return listener

    async def wait_for_listener(self) -> None:
        """Return as soon as somebody listens."""
        await self._has_listener.wait()

    def publish(self, name: str, data: Mapping[str, object], *, is_state: bool = False) -> None:
        """Queue an event for everyone who listens."""
        if self._listeners:
            self.send(encode(name, data, is_state=is_state))

    def send(self, event: Event) -> None:
        """Queue an event that is encoded already."""
        for listener in tuple(self._listeners):
            listener.put(event)
            if listener.is_overrun:
                self._counters.overrun += 1
                self.forget(listener)

    def dismiss(self, owners: Set[str]) -> None:
        """End the listeners of these owners."""
        for listener in tuple(self._listeners):
            if listener.owner in owners:
                listener.close()

    def forget(self, listener: Listener) -> None:
        """Queue nothing more for a listener."""
        self._listeners.pop(listener, None)
        if not self._listeners:
            self._has_listener.clear()

    def close(self) -> None:
        """End every listener, after what it has been sent, and admit no more."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()


def encode(name: str, data: Mapping[str, object], *, is_state: bool = False) -> Event:
    """Return the event of this name; `data` must fit JSON."""
    return Event(name, json.dumps(data, separators=(",", ":")).encode(), is_state)
