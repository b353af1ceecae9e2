"""Following what other processes change in the store."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from liverelay.errors import StoreError
from liverelay.utc import unix_now_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            *await _publish(live, context.sessions.counts()),
            *await _follow(context),
        ]
        reported = _report(failures, reported)


async def _publish(live: LivePublisher, counts: LiveCounts) -> list[StoreError]:
    try:
        await asyncio.to_thread(live.publish, counts)
    except StoreError as error:
        return [error]
    return []


async def _follow(context: ServerContext) -> list[StoreError]:
    """Take over what has changed, and return what could not be read."""
    try:
        scan = await asyncio.to_thread(context.catalogue.scan, unix_now_ns())
    except StoreError as error:
        return [error]
    removed = context.catalogue.apply(scan)
    for room_id in removed.rooms:
        logger.info("room %s is gone from the store", room_id)
        context.media.close_room(room_id)
    if removed.keys:
        logger.info("API keys revoked in the store: %s", ", ".join(sorted(removed.keys)))
        context.media.close_keys(removed.keys)
        context.events.dismiss(removed.keys)
    context.announcer.rooms_changed()
    return list(scan.damaged)


def _report(damaged: Sequence[StoreError], reported: tuple[str, ...]) -> tuple[str, ...]:
    """Log what is damaged now and was not before: once, not four times a second.

    What was known of it stays in force until it is repaired.
    """
    sentences = tuple(str(error) for error in damaged)
    for sentence in sentences:
        if sentence not in reported:
            logger.error("%s", sentence)
    return sentences
