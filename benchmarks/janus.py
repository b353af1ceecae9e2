"""Janus' VideoRoom: its configuration, and how to get in over its HTTP API."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

import aiohttp

from liverelay.loadtest.negotiation import connection_lines, read_answer
from liverelay.sdp.description import split_description

if TYPE_CHECKING:
    from pathlib import Path

    from liverelay.loadtest.publisher import Publisher
    from liverelay.loadtest.viewer import Viewer
    from liverelay.sdp.description import MediaLine

_PORT = 8088
_ROOM = 1234
_EVENT_TIMEOUT = 15.0

_OTHER_PLUGINS = "audiobridge duktape echotest lua nosip recordplay sip streaming textroom"
_OTHER_PLUGINS += " videocall voicemail"
_OTHER_TRANSPORTS = "rabbitmq pfunix mqtt nanomsg websockets"


def write_configuration(directory: Path, address: str) -> None:
    """Write a configuration that announces `address` alone and has one room."""

    def libraries(names: str) -> str:
        return ",".join(f"libjanus_{name}.so" for name in names.split())

    general = 'general: { debug_level = 2 session_timeout = 0 server_name = "bench" }\n'
    nat = f'nat: {{ ice_lite = true full_trickle = false ice_enforce_list = "{address}" }}\n'
    media = 'media: { ipv6 = false rtp_port_range = "20000-29999" }\n'
    off = f'plugins: {{ disable = "{libraries(_OTHER_PLUGINS)}" }}\n'
    off += f'transports: {{ disable = "{libraries(_OTHER_TRANSPORTS)}" }}\n'
    (directory / "janus.jcfg").write_text(general + nat + media + off)
    (directory / "janus.plugin.videoroom.jcfg").write_text(
        f'general: {{ }}\nroom-{_ROOM}: {{ description = "bench" publishers = 2 '
        'bitrate = 8000000 fir_freq = 0 audiocodec = "opus" videocodec = "vp8" '
        "record = false notify_joining = false }\n"
    )
    (directory / "janus.transport.http.jcfg").write_text(
        'general: { json = "compact" base_path = "/janus" http = true '
        f'port = {_PORT} ip = "127.0.0.1" https = false }}\nadmin: {{ admin_http = false }}\n'
    )


class JanusRoom:
    """One process' session with Janus. It offers to viewers, so that they answer."""

    def __init__(self, http: aiohttp.ClientSession, feed: int) -> None:
        self._http = http
        self._feed = feed
        self._url = f"http://127.0.0.1:{_PORT}/janus"
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._polling: asyncio.Task[None] | None = None

    async def prepare(self, _viewers: int) -> None:
        """Open the session, once."""
        if self._polling is None:
            session = (await self._post(self._url, {"janus": "create"}))["data"]["id"]
            self._url = f"{self._url}/{session}"
            self._polling = asyncio.get_running_loop().create_task(self._poll())

    async def publish(self, publisher: Publisher) -> None:
        handle = await self._attach()
        await self._message(handle, {"request": "join", "ptype": "publisher", "id": self._feed})

        async def ask(offer: str) -> str:
            description = {"type": "offer", "sdp": offer}
            event = await self._message(handle, {"request": "publish"}, description)
            return str(event["jsep"]["sdp"])

        await publisher.publish(ask)

    async def watch(self, viewer: Viewer) -> None:
        viewer.begin()
        handle = await self._attach()
        wanted = {"request": "join", "ptype": "subscriber", "streams": [{"feed": self._feed}]}
        offer = str((await self._message(handle, wanted))["jsep"]["sdp"])
        description = {"type": "answer", "sdp": _answer(viewer, offer)}
        await self._message(handle, {"request": "start"}, description)
        await viewer.follow(read_answer(offer))

    async def _attach(self) -> str:
        attach = {"janus": "attach", "plugin": "janus.plugin.videoroom"}
        return f"{self._url}/{(await self._post(self._url, attach))['data']['id']}"

    async def _message(
        self, handle: str, body: dict[str, Any], description: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a message to the plugin and wait for the event that it leads to."""
        transaction = secrets.token_hex(8)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = waiting
        message = {"janus": "message", "body": {"room": _ROOM, **body}}
        if description is not None:
            message["jsep"] = description
        await self._post(handle, message, transaction)
        event: dict[str, Any] = await asyncio.wait_for(waiting, _EVENT_TIMEOUT)
        if "error" in event.get("plugindata", {}).get("data", {}):
            raise RuntimeError(f"Janus: {event['plugindata']['data']['error']}")
        return event

    async def _post(
        self, url: str, message: dict[str, Any], transaction: str | None = None
    ) -> dict[str, Any]:
        named = {**message, "transaction": transaction or secrets.token_hex(8)}
        async with self._http.post(url, json=named) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus: {answer['error']}")
        return answer

    async def _poll(self) -> None:
        """Fetch the events of all handles; Janus holds each request until there is one."""
        timeout = aiohttp.ClientTimeout(total=60)
        while True:
            with contextlib.suppress(TimeoutError):
                async with self._http.get(
                    self._url, params={"maxev": "20"}, timeout=timeout
                ) as response:
                    events = await response.json(content_type=None)
                for event in events or ():
                    waiting = self._waiting.pop(event.get("transaction", ""), None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(event)


def _answer(viewer: Viewer, offer: str) -> str:
    """Return an answer that takes every section of a lite server's offer."""
    sections = split_description(offer).sections
    mids = [section.attributes.first("mid") or "" for section in sections]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines.append(f"a=group:BUNDLE {' '.join(mids)}")
    for section, mid in zip(sections, mids, strict=True):
        lines += [_media_line(section), "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=recvonly"]
        lines += ["a=rtcp-mux", *connection_lines(viewer, "active")]
        for name in ("rtpmap", "fmtp", "rtcp-fb"):
            lines += [f"a={name}:{value}" for value in section.attributes.all(name)]
    return "\r\n".join([*lines, ""])


def _media_line(section: MediaLine) -> str:
    return f"m={section.media} 9 {section.protocol} {' '.join(section.formats)}"
