"""Following what other processes change in the store."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from liverelay.errors import StoreError
from liverelay.utc import unix_now_ns

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from liverelay.server.context import ServerContext
    from liverelay.store.live import LiveCounts, LivePublisher

logger = logging.getLogger(__name__)

# Changes must be honoured within a second. Each look costs two stat calls as long as nothing has
# changed, and works on every file system, which change notification does not (docs/adr/002).
_INTERVAL = 0.25


async def watch_store(context: ServerContext, live: LivePublisher) -> None:
    """Take over changes on disk, end the sessions of what has gone, publish who is there."""
    reported: tuple[str, ...] = ()
    while True:
        await asyncio.sleep(_INTERVAL)
        # Each by itself: a disk that takes no counts must not keep a revoked key alive.
        failures = [
            *await _failures_of(_publish(live, context.sessions.counts())),
            *await _failures_of(_follow(context)),
        ]
        reported = _report(failures, reported)


async def _failures_of(work: Coroutine[None, None, Sequence[Exception]]) -> Sequence[Exception]:
    """Return what went wrong, whatever it was: who stops watching leaves revoked keys alive."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  (reported by the caller, once)
        return [error]


async def _publish(live: LivePublisher, counts: LiveCounts) -> Sequence[Exception]:
    # A thread is woken for what has to be written only.
    if not live.has_published(counts):
        await asyncio.to_thread(live.publish, counts)
    return ()


async def _follow(context: ServerContext) -> Sequence[Exception]:
    """Take over what has changed, and return what could not be read."""
    scan = await asyncio.to_thread(context.catalogue.scan, unix_now_ns())
    removed = context.catalogue.apply(scan)
    for room_id in removed.rooms:
        logger.info("room %s is gone from the store", room_id)
        await context.media.close_room(room_id)
    if removed.keys:
        logger.info("API keys revoked in the store: %s", ", ".join(sorted(removed.keys)))
        await context.media.close_keys(removed.keys)
        context.events.dismiss(removed.keys)
    context.announcer.rooms_changed()
    return scan.damaged


def _report(failures: Sequence[Exception], reported: tuple[str, ...]) -> tuple[str, ...]:
    """Log what fails now and did not before: once, not four times a second.

    What was known of a damaged file stays in force until it is repaired.
    """
    for error in failures:
        if str(error) in reported:
            continue
        if isinstance(error, StoreError):
            logger.error("%s", error)
        else:
            logger.error("following the store failed; it goes on", exc_info=error)
    return tuple(str(error) for error in failures)
