"""Long work in the event loop, in pieces between which packets get their turn."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeVar

from liverelay.server.context import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ItemT = TypeVar("ItemT")

# A packet that waits for so long is not noticed by anyone.
_LONGEST = 0.002


class Turns:
    """Gives way to what else is to be done, as often as is needed."""

    def __init__(self) -> None:
        self._began = now()

    async def give(self) -> None:
        """To be awaited between any two pieces of work; it hardly costs anything."""
        if now() - self._began > _LONGEST:
            await asyncio.sleep(0)
            self._began = now()


async def json_array(items: Iterable[ItemT], describe: Callable[[ItemT], object]) -> str:
    """Return what `describe` says of each of `items`, as JSON; packets get their turn meanwhile."""
    turns, written = Turns(), []
    for item in items:
        written.append(json.dumps(describe(item)))
        await turns.give()
    return f"[{', '.join(written)}]"
