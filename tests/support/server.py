"""A real server in this process, and a client that says what came back."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from liverelay import tokens
from liverelay.config import Settings
from liverelay.server.runner import Server
from liverelay.server.sessions import Session, SessionKind, SessionState
from liverelay.store.store import Store
from liverelay.tokens import Claims, Role
from liverelay.utc import unix_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from liverelay.server.context import ServerContext
    from liverelay.server.deadlines import Deadlines

KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"
WRONG_KEY = "lr_00000064dd0c8fa2cb0cbc01998e3f9b"
UNKNOWN_ROOM = "00000000-0000-4000-8000-000000000000"

# The least that is an offer: one audio section with everything that the contract asks of it.
OFFER = {
    "type": "offer",
    "sdp": "\r\n".join(
        (
            "v=0",
            "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9 IN IP4 0.0.0.0",
            "a=ice-ufrag:F7gI",
            "a=ice-pwd:x9cml/YzichV2+XlhiMu8g",
            "a=fingerprint:sha-256 " + ":".join(["7B"] * 32),
            "a=setup:actpass",
            "a=mid:0",
            "a=sendrecv",
            "a=rtcp-mux",
            "a=rtpmap:111 opus/48000/2",
            "a=ssrc:3735928559 cname:peer",
            "",
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message; fails if the body is not exactly a documented error."""
        parsed = self.json
        assert set(parsed) == {"error", "message"}
        assert self.headers["Content-Type"] == "application/json; charset=utf-8"
        return self.status, parsed["error"], parsed["message"]

    @property
    def code(self) -> str:
        return self.error[1]


@dataclass(slots=True)
class Api:
    """A running server as its clients see it, with a way in where no client can reach."""

    server: Server
    http: aiohttp.ClientSession
    data_dir: Path

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def context(self) -> ServerContext:
        context = self.server._context
        assert context is not None
        return context

    def other_process(self) -> Store:
        """Return the store as another process opens it."""
        return Store(self.data_dir)

    async def request(
        self,
        method: str,
        path: str,
        *,
        auth: str | None = KEY,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Answer:
        """Send a request, with the API key unless `auth` says otherwise; kwargs as aiohttp's."""
        sent = {} if auth is None else {"Authorization": f"Bearer {auth}"}
        sent.update(headers or {})
        async with self.http.request(method, self.url + path, headers=sent, **kwargs) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def raw(self, data: bytes) -> Answer:
        """Send bytes as they are over a connection of their own, and read one answer."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            return await read_answer(reader)
        finally:
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def until_connected(self, count: int) -> None:
        """Wait until so many HTTP connections are open."""
        while len(self.context.acceptor) != count:  # noqa: ASYNC110  (nobody else has to know)
            await asyncio.sleep(0)

    async def create_room(self, room_type: str = "broadcast", **fields: object) -> Any:
        answer = await self.request("POST", "/v1/rooms", json={"room_type": room_type, **fields})
        assert answer.status == 201
        return answer.json

    def token(
        self,
        room_id: str,
        role: str = "publish",
        *,
        key_id: str = tokens.LOCAL_KEY_ID,
        age: int = 0,
        ttl: int = 3600,
    ) -> str:
        """Return a token that was made `age` seconds ago."""
        return tokens.mint(
            self.context.token_secret,
            room_id=room_id,
            role=Role(role),
            key_id=key_id,
            ttl=ttl,
            now=unix_now() - age,
        )

    def claims(self, token: str) -> Claims:
        """Return what a token of this server says, whether or not it has expired."""
        return tokens.verify(token, self.context.token_secret, now=0, is_live_key=lambda _: True)

    async def open_session(
        self, token: str, kind: SessionKind, *, state: SessionState = SessionState.CONNECTED
    ) -> Session:
        """Join as the token's peer and count as connected, without any media."""
        answer = await self.request("POST", f"/sfu/{kind}", auth=token, json=OFFER)
        assert answer.status == 200
        session = self.context.sessions.require(answer.json["session_id"], self.claims(token).sub)
        session.state = state
        return session


@asynccontextmanager
async def running_api(
    data_dir: Path, *, deadlines: Deadlines | None = None, **settings: Any
) -> AsyncIterator[Api]:
    """Run a server on a free port of the loopback interface; keywords as in `Settings`."""
    options: dict[str, Any] = {} if deadlines is None else {"deadlines": deadlines}
    server = Server(
        Settings(port=0, host="127.0.0.1", data_dir=data_dir, **settings), first_key=KEY, **options
    )
    await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Api(server, http, data_dir)
    finally:
        await server.close()


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one HTTP answer that says how long it is."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status_line, *lines = head.rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return Answer(int(status_line.split()[1]), headers, body)


async def within_a_second(
    ask: Callable[[], Awaitable[Answer]], is_wanted: Callable[[Answer], bool]
) -> Answer:
    """Ask until the answer is the wanted one; fail when the contract's second is over."""
    async with asyncio.timeout(1.0):
        while True:
            answer = await ask()
            if is_wanted(answer):
                return answer
