"""Each `curl` of the documentation, sent to a server as it stands, and each JSON beside it.

Only what is another on each server is filled in: its address, ids, tokens and session descriptions.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.support.media_server import KEY, MediaServer, serving
from tests.support.openapi import check, check_answer
from tests.support.peer import write_offer
from tests.support.sdp import restarted
from tests.support.snippets import Snippet, cases, snippets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.network,
    pytest.mark.asyncio,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

ADDRESS = "http://localhost:8080"
REQUESTS = [each for each in snippets("sh") if "curl " in each.text]
ENDLESS = [each for each in REQUESTS if "curl -N " in each.text]
ANSWERED = [each for each in REQUESTS if each not in ENDLESS]

# Behind the body of each answer: to what this is the answer.
MARK = "\x1e"
NOTING = f"""
note='{MARK}%{{http_code}} %{{method}} %{{url}}{MARK}'
curl() {{ command curl --silent --show-error --write-out "$note" "$@"; }}
"""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def prepare(server: MediaServer, snippet: Snippet) -> tuple[str, Mapping[str, str]]:
    """Return a snippet that can be run on this server, and the variables that it names."""
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    token, sdp = viewer.token, restarted(viewer.offer)
    if "/sfu/publish" in snippet.text:
        token = (await server.create_room())["tokens"]["publish"]
        sdp = write_offer("publish")
    (publisher, *_) = server.context.sessions.in_room(room["id"])
    text = snippet.text.replace(ADDRESS, server.server.url)
    return text.replace('"v=0…"', json.dumps(sdp)), {
        "PATH": os.environ["PATH"],
        "SERVER": server.server.url,
        "KEY": KEY,
        "ROOM": room["id"],
        "PEER": publisher.peer_id,
        "TOKEN": token,
        "SESSION": viewer.session_id,
    }


@pytest.mark.parametrize("snippet", cases(ANSWERED))
async def test_request_is_answered_as_the_api_describes(
    server: MediaServer, snippet: Snippet
) -> None:
    text, variables = await prepare(server, snippet)

    process = await asyncio.create_subprocess_exec(
        "sh", "-eu", "-c", NOTING + text, env=variables, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    *answers, rest = output.decode().split(MARK)
    assert (process.returncode, rest) == (0, "")
    assert len(answers) == 2 * snippet.text.count("curl ")
    for body, request in zip(answers[::2], answers[1::2], strict=True):
        status, method, url = request.split()
        path = urlsplit(url).path
        if path == "/metrics":
            assert (status, "liverelay_rooms 1.0" in body) == ("200", True)
        else:
            check_answer(method, path, int(status), json.loads(body) if body else None)


@pytest.mark.parametrize("snippet", cases(ENDLESS))
async def test_stream_begins_as_the_api_describes(server: MediaServer, snippet: Snippet) -> None:
    text, variables = await prepare(server, snippet)

    process = await asyncio.create_subprocess_exec(
        "sh", "-eu", "-c", f"exec {text}", env=variables, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    first = (await process.stdout.readuntil(b"\n\n")).decode()
    process.kill()
    await process.communicate()

    number, event, data = first.rstrip("\n").split("\n")
    name = event.removeprefix("event: ")
    assert number == "id: 1"
    check({"snapshot": "Snapshot", "speakers": "Speakers"}[name], json.loads(data[6:]))
