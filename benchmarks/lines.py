"""A process that is told what to do by lines of JSON, and answers each with one."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

# A process that does not answer in this time never will.
_TIMEOUT = 300.0
_END_TIMEOUT = 10.0


async def commands() -> AsyncIterator[dict[str, Any]]:
    """Yield what the parent asks, until it goes away."""
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


def answer(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


class Child:
    """A process of ours that speaks this way. It ends when its standard input does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, *arguments: str, prefix: Sequence[str] = ()) -> Child:
        return cls(
            await asyncio.create_subprocess_exec(
                *prefix,
                sys.executable,
                "-m",
                module,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 20,
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, **fields: object) -> dict[str, Any]:
        """Raises: RuntimeError: The process has ended, or does not answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(fields).encode() + b"\n")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _TIMEOUT)
        except TimeoutError:
            raise RuntimeError(f"no answer to {fields['do']}") from None
        if not line:
            raise RuntimeError(f"a process ended while it was asked to {fields['do']}")
        answered: dict[str, Any] = json.loads(line)
        if "failed" in answered:
            raise RuntimeError(answered["failed"])
        return answered

    async def end(self) -> None:
        if self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_TIMEOUT)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
