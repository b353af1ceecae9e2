"""The one place that starts asyncio tasks."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

logger = logging.getLogger(__name__)


class TaskSet:
    """Background tasks that share an owner's lifetime.

    The event loop holds tasks weakly, so an unreferenced one can be collected in mid-flight, and
    its exception is reported only then, if at all. Here each task is held until it ends, has a name
    for the logs, and has its failure logged at once.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[None, None, None], *, name: str) -> None:
        """Run `coroutine` until it ends or the set is closed."""
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    async def close(self) -> None:
        """Cancel what still runs and wait for it to finish cleaning up."""
        running = tuple(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("task %s failed", task.get_name(), exc_info=error)
