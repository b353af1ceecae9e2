"""How many HTTP connections a server takes, and what becomes of those that never get ready."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from typing_extensions import override

from liverelay.server import acceptor as acceptor_module
from liverelay.server.acceptor import Acceptor
from liverelay.server.deadlines import Deadlines
from liverelay.setting import Endpoint
from tests.support.certificates import write_certificate
from tests.support.server import read_answer, running_api

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
SHORT = Deadlines(head=0.05)


class ExhaustedListener(socket.socket):
    """A listener of a process that has no file left for a connection, so many times."""

    faults = 2

    @override
    def accept(self) -> tuple[socket.socket, object]:
        if self.faults:
            self.faults -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_connection_beyond_those_that_may_be_open_is_closed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor_module, "MAX_CONNECTIONS", 2)
    async with running_api(tmp_path) as api:
        used = [await api.connect() for _ in range(2)]
        refused = [await api.connect() for _ in range(3)]
        rest = [await reader.read() for reader, _ in refused]
        for reader, writer in used:
            writer.write(HEALTH)
            assert (await read_answer(reader)).status == 200

        assert rest == [b""] * 3
        assert api.context.acceptor.refused == 3
        for _, writer in used + refused:
            writer.close()
    assert [record.message for record in caplog.records if "refused" in record.message] == [
        "2 HTTP connections are open: more are refused"
    ]


async def test_connection_that_ends_makes_room_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor_module, "MAX_CONNECTIONS", 1)
    async with running_api(tmp_path) as api:
        _, writer = await api.connect()
        await api.until_connected(1)
        writer.close()
        await api.until_connected(0)

        answer = await api.raw(HEALTH)

    assert answer.status == 200


async def test_all_listeners_share_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor_module, "MAX_CONNECTIONS", 1)
    async with running_api(tmp_path, metrics_bind=Endpoint("127.0.0.1", 0)) as api:
        _, writer = await api.connect()
        await api.until_connected(1)
        port = int(api.server.metrics_url.rpartition(":")[2].partition("/")[0])
        reader, other = await asyncio.open_connection("127.0.0.1", port)

        assert await reader.read() == b""
        writer.close()
        other.close()


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"nonsense\r\n\r\n"])
async def test_tls_handshake_that_is_not_done_in_time_is_cut_off(
    tmp_path: Path, sent: bytes
) -> None:
    certificate, key = write_certificate(tmp_path)
    async with running_api(tmp_path, deadlines=SHORT, tls_cert=certificate, tls_key=key) as api:
        reader, writer = await api.connect()
        writer.write(sent)

        # What was not read of the client's makes the end a reset.
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        await api.until_connected(0)
        writer.close()


async def test_server_closes_while_tls_handshakes_are_under_way(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    async with running_api(tmp_path, tls_cert=certificate, tls_key=key) as api:
        reader, writer = await api.connect()
        await api.until_connected(1)

    assert await reader.read() == b""
    writer.close()


async def test_accepting_goes_on_once_there_are_files_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor_module, "_RETRY_INTERVAL", 0.01)
    listener = ExhaustedListener()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    acceptor = Acceptor(Deadlines())
    runner = web.ServerRunner(web.Server(lambda _: _answer()))
    await runner.setup()
    assert runner.server is not None
    acceptor.listen(listener, runner.server, None)

    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(HEALTH)
    answer = await read_answer(reader)

    assert answer.status == 200
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "HTTP connections cannot be accepted: Too many open files"
    ]
    writer.close()
    await acceptor.close()
    await runner.cleanup()


async def _answer() -> web.Response:
    return web.Response()
