"""Real browsers for tests, each with a fake camera and no prompts.

Chromium is driven by playwright. Firefox is driven over its own WebDriver BiDi socket, because
playwright only drives a patched Firefox of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, cast

import aiohttp
from playwright.async_api import async_playwright

from tests.support.chromium import CHROMIUM, PERMISSIVE_FLAGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FIREFOX = Path("/usr/bin/firefox-esr")

_FIREFOX_PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.getusermedia.insecure.enabled": True,
    "media.devices.insecure.enabled": True,
    "remote.active-protocols": 1,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
}


class Page(Protocol):
    """A page in which scripts can be run; the same for both browsers."""

    async def evaluate(self, script: str) -> Any:
        """Return the value, or the settled promise, of a JavaScript expression."""

    async def go_to(self, url: str) -> None:
        """Load another page in the place of this one."""


class _ChromiumPage:
    def __init__(self, page: Any) -> None:
        self._page = page

    async def go_to(self, url: str) -> None:
        await self._page.goto(url)

    async def evaluate(self, script: str) -> Any:
        return await self._page.evaluate(script)


class _FirefoxPage:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last_id = 0
        self._context = ""

    async def open(self) -> None:
        await self._command("session.new", {"capabilities": {}})
        tree = await self._command("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]

    async def go_to(self, url: str) -> None:
        await self._command(
            "browsingContext.navigate",
            {"context": self._context, "url": url, "wait": "complete"},
        )

    async def evaluate(self, script: str) -> Any:
        result = await self._command(
            "script.evaluate",
            {
                # Values cross BiDi in a typed encoding of its own; JSON inside a string does not.
                "expression": f"Promise.resolve({script}).then(value => JSON.stringify(value))",
                "target": {"context": self._context},
                "awaitPromise": True,
            },
        )
        if result["type"] != "success":
            raise AssertionError(result["exceptionDetails"]["text"])
        return json.loads(result["result"].get("value", "null"))

    async def _command(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._last_id += 1
        await self._socket.send_json({"id": self._last_id, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._last_id:
                if message["type"] == "error":
                    raise AssertionError(message["message"])
                return cast("dict[str, Any]", message["result"])


@contextlib.asynccontextmanager
async def chromium_page() -> AsyncIterator[Page]:
    """Open an empty page on a secure origin (getUserMedia needs one) in a new Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, args=list(PERMISSIVE_FLAGS)
        )
        try:
            page = await browser.new_page()
            opened = _ChromiumPage(page)
            await page.route(
                "**/*",
                lambda route: route.fulfill(content_type="text/html", body="<title></title>"),
            )
            await opened.go_to("http://localhost/")
            yield opened
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def firefox_page(url: str = "") -> AsyncIterator[Page]:
    """Open `url`, or an empty page, in a new Firefox with a profile of its own."""
    with TemporaryDirectory(prefix="liverelay-firefox-", ignore_cleanup_errors=True) as profile:
        preferences = "".join(
            f'user_pref("{name}", {str(value).lower()});\n'
            for name, value in _FIREFOX_PREFERENCES.items()
        )
        (Path(profile) / "user.js").write_text(preferences)
        process = await asyncio.create_subprocess_exec(
            *(str(FIREFOX), "--headless", "--no-remote", "--profile", profile),
            *("--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            socket_url = await asyncio.wait_for(_bidi_url(process), timeout=60)
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(f"{socket_url}/session", max_msg_size=0) as socket,
            ):
                page = _FirefoxPage(socket)
                await page.open()
                if url:
                    await page.go_to(url)
                yield page
        finally:
            process.terminate()
            await process.wait()


async def _bidi_url(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if match := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
            return match[1].decode()
    raise AssertionError("Firefox ended before it listened")
