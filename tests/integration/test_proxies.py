"""The proxies of docs/deploy.md, as they stand there, in front of a real server.

Only what no test machine has is put in their place: ports, names and certificates.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from liverelay.server.body import MAX_BODY_SIZE
from tests.support.certificates import write_certificate
from tests.support.ports import free_port
from tests.support.server import KEY, OFFER

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

PAGE = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
NAME = "sfu.example.com"

# Debian has nginx where only root looks for programs.
SEARCHED = f"{os.environ['PATH']}:/usr/sbin"

needs_nginx = pytest.mark.skipif(
    shutil.which("nginx", path=SEARCHED) is None,
    reason="nginx is not installed (Debian: apt-get install nginx-light)",
)
needs_caddy = pytest.mark.skipif(
    shutil.which("caddy") is None, reason="caddy is not installed (Debian: apt-get install caddy)"
)

NGINX_FRAME = """
{user}
daemon off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {server}
}}
"""

CADDY_FRAME = """
{{
  admin off
  auto_https off
}}
{server}
"""


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@dataclass(frozen=True, slots=True)
class Proxy:
    """How to start a proxy, and where it then listens by http and by https."""

    command: tuple[str, ...]
    http: int
    https: int


def nginx(directory: Path, upstream: int, *, path: str = "/") -> Proxy:
    """Write the documented configuration, with the server below `path`."""
    proxy = Proxy(("nginx", "-c", str(directory / "nginx.conf")), free_port(), free_port())
    certificate, key = write_certificate(directory)
    text = re.sub(r" *listen \[::\].*\n", "", snippet("nginx"))
    text = text.replace("listen 80", f"listen 127.0.0.1:{proxy.http}")
    text = text.replace("listen 443", f"listen 127.0.0.1:{proxy.https}")
    text = re.sub(r"(ssl_certificate) .*;", rf"\1 {certificate};", text)
    text = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {key};", text)
    rest = "" if path == "/" else "/"
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}{rest}")
    text = text.replace("location / {", f"location {path} {{")
    user = "user root;" if os.geteuid() == 0 else ""
    file = directory / "nginx.conf"
    file.write_text(NGINX_FRAME.format(user=user, directory=directory, server=text))
    return proxy


def caddy(directory: Path, upstream: int) -> Proxy:
    """Write the documented configuration, without TLS: its certificates come from the internet."""
    file = directory / "Caddyfile"
    port = free_port()
    text = snippet("caddy").replace(f"{NAME} {{", f"http://127.0.0.1:{port} {{")
    file.write_text(
        CADDY_FRAME.format(server=text.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}"))
    )
    command = ("caddy", "run", "--adapter", "caddyfile", "--config", str(file))
    return Proxy(command, http=port, https=0)


@asynccontextmanager
async def running(proxy: Proxy, directory: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Run a proxy until the end of the block, and yield a client that trusts any certificate."""
    home = str(directory)
    process = await asyncio.create_subprocess_exec(
        *proxy.command,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": SEARCHED, "HOME": home, "XDG_DATA_HOME": home},
    )
    try:
        await wait_until_listening(proxy.http, process)
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(connector=connector) as client:
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def wait_until_listening(port: int, process: Process) -> None:
    """Return when `port` can be connected to; fail with what the proxy says if it ends."""
    async with asyncio.timeout(10):
        while True:
            if process.returncode is not None:
                _, said = await process.communicate()
                pytest.fail(said.decode())
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


@asynccontextmanager
async def events_upstream(finish: asyncio.Event) -> AsyncIterator[int]:
    """Run a server whose answer begins with an event and ends only after `finish`."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await finish.wait()
        return response

    app = web.Application()
    app.router.add_get("/events", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def join(client: aiohttp.ClientSession, url: str, token: str) -> str:
    """Publish through a proxy and return the type of what it answers."""
    headers = {"Authorization": f"Bearer {token}"}
    async with client.post(f"{url}/sfu/publish", json=OFFER, headers=headers) as response:
        assert response.status == 200
        return str((await response.json())["type"])


async def first_line(client: aiohttp.ClientSession, url: str) -> bytes:
    async with asyncio.timeout(5), client.get(f"{url}/events") as response:
        return await response.content.readline()


@needs_nginx
@pytest.mark.parametrize("path", ["/", "/live/"])
async def test_nginx_passes_a_join(api: Api, tmp_path: Path, path: str) -> None:
    token = (await api.create_room())["tokens"]["publish"]
    proxy = nginx(tmp_path, api.port, path=path)

    async with running(proxy, tmp_path) as client:
        url = f"https://127.0.0.1:{proxy.https}{path.rstrip('/')}"
        assert await join(client, url, token) == "answer"


@needs_nginx
async def test_nginx_passes_the_largest_body_and_refuses_more(api: Api, tmp_path: Path) -> None:
    proxy = nginx(tmp_path, api.port)
    url = f"https://127.0.0.1:{proxy.https}/v1/rooms"
    headers = {"Authorization": f"Bearer {KEY}"}

    statuses = []
    async with running(proxy, tmp_path) as client:
        for size in (MAX_BODY_SIZE, MAX_BODY_SIZE + 1):
            async with client.post(url, data=b"{" * size, headers=headers) as response:
                statuses.append(response.status)

    assert statuses == [400, 413]


@needs_nginx
async def test_nginx_sends_plain_http_to_https(api: Api, tmp_path: Path) -> None:
    proxy = nginx(tmp_path, api.port)

    async with (
        running(proxy, tmp_path) as client,
        client.get(
            f"http://127.0.0.1:{proxy.http}/health",
            headers={"Host": NAME},
            allow_redirects=False,
        ) as response,
    ):
        assert (response.status, response.headers["Location"]) == (301, f"https://{NAME}/health")


@needs_nginx
async def test_nginx_passes_an_event_before_the_answer_ends(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async with events_upstream(finish) as upstream:
        proxy = nginx(tmp_path, upstream)
        async with running(proxy, tmp_path) as client:
            line = await first_line(client, f"https://127.0.0.1:{proxy.https}")
            finish.set()

    assert line == b"data: first\n"


@needs_caddy
async def test_caddy_passes_a_join(api: Api, tmp_path: Path) -> None:
    token = (await api.create_room())["tokens"]["publish"]
    proxy = caddy(tmp_path, api.port)

    async with running(proxy, tmp_path) as client:
        assert await join(client, f"http://127.0.0.1:{proxy.http}", token) == "answer"


@needs_caddy
async def test_caddy_passes_an_event_before_the_answer_ends(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async with events_upstream(finish) as upstream:
        proxy = caddy(tmp_path, upstream)
        async with running(proxy, tmp_path) as client:
            line = await first_line(client, f"http://127.0.0.1:{proxy.http}")
            finish.set()

    assert line == b"data: first\n"
