"""The responder against aiortc's own SCTP, over a pipe in memory."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, cast

import pytest
from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk, InitChunk, serialize_packet

from liverelay.transport.sctp import SctpResponder

if TYPE_CHECKING:
    from aiortc.rtcdtlstransport import DataReceiver

pytestmark = pytest.mark.asyncio


class Pipe:
    """Both DTLS transports of a connection; what is sent on one side is handled on the other."""

    state = "connected"
    _role = "client"
    dtls_role = "server"

    def __init__(self) -> None:
        self.responder: DataReceiver
        self._page: DataReceiver
        self.to_page: list[bytes] = []
        self._to_responder: asyncio.Queue[bytes] = asyncio.Queue()

    def open_data(self, receiver: DataReceiver) -> None:
        self.responder = receiver

    async def send_data(self, data: bytes) -> None:
        self.to_page.append(data)
        if hasattr(self, "_page"):
            await self._page._handle_data(data)

    def _register_data_receiver(self, receiver: DataReceiver) -> None:
        self._page = receiver

    def _unregister_data_receiver(self, _receiver: DataReceiver) -> None:
        del self._page

    async def _send_data(self, data: bytes) -> None:
        self._to_responder.put_nowait(data)

    async def pump(self) -> None:
        while True:
            await self.responder._handle_data(await self._to_responder.get())


async def open_channel(pipe: Pipe, page: RTCSctpTransport, label: str) -> RTCDataChannel:
    channel = RTCDataChannel(page, RTCDataChannelParameters(label=label))
    opened = asyncio.Event()
    channel.on("open", opened.set)
    await opened.wait()
    return channel


async def test_data_channel_opens_and_what_it_carries_is_ignored() -> None:
    pipe = Pipe()
    responder = SctpResponder(pipe, remote_port=5000)
    page = RTCSctpTransport(cast("RTCDtlsTransport", pipe))
    await responder.start()
    pump = asyncio.create_task(pipe.pump())

    await page.start(None, 5000)
    channel = await open_channel(pipe, page, "chat")
    channel.send("hello")
    channel.send(b"\0" * 1000)
    second = await open_channel(pipe, page, "more")
    await responder.stop()
    await page.stop()
    pump.cancel()

    assert second.readyState == "closed"
    assert page.state == "closed"


async def test_stopped_responder_says_nothing_more() -> None:
    pipe = Pipe()
    responder = SctpResponder(pipe, remote_port=5000)
    await responder.start()

    await responder.stop()
    sent = len(pipe.to_page)
    await pipe.responder._handle_data(b"\0" * 32)

    assert len(pipe.to_page) == sent


def packet(tag: int, chunk: DataChunk | InitChunk) -> bytes:
    return serialize_packet(5000, 5000, tag, chunk)


def init() -> InitChunk:
    chunk = InitChunk()
    chunk.initiate_tag, chunk.advertised_rwnd, chunk.initial_tsn = 1, 1 << 20, 100
    chunk.outbound_streams = chunk.inbound_streams = 65535
    return chunk


def data(tsn: int, stream_id: int = 0) -> DataChunk:
    chunk = DataChunk(flags=2)  # the first fragment of a message that never ends
    chunk.tsn, chunk.stream_id, chunk.user_data = tsn, stream_id, b"x"
    return chunk


async def established() -> tuple[Pipe, SctpResponder, int]:
    pipe = Pipe()
    responder = SctpResponder(pipe, remote_port=5000)
    await responder.start()
    # Our own INIT names the tag that the peer has to use.
    tag = struct.unpack_from("!L", pipe.to_page[0], 16)[0]
    await pipe.responder._handle_data(packet(0, init()))
    return pipe, responder, tag


def was_aborted(pipe: Pipe) -> bool:
    return any(sent[12] == 6 for sent in pipe.to_page)


async def test_few_fragments_are_waited_for() -> None:
    pipe, responder, tag = await established()

    for tsn in range(100, 200):
        await pipe.responder._handle_data(packet(tag, data(tsn)))

    assert not was_aborted(pipe)
    await responder.stop()


async def test_message_without_an_end_is_aborted() -> None:
    pipe, _, tag = await established()

    for tsn in range(100, 400):
        await pipe.responder._handle_data(packet(tag, data(tsn)))

    assert was_aborted(pipe)


async def test_gaps_without_an_end_are_aborted() -> None:
    pipe, _, tag = await established()

    for tsn in range(100, 1000, 2):
        await pipe.responder._handle_data(packet(tag, data(tsn)))

    assert was_aborted(pipe)


async def test_too_many_streams_are_aborted() -> None:
    pipe, _, tag = await established()

    for i in range(20):
        await pipe.responder._handle_data(packet(tag, data(100 + i, stream_id=i)))

    assert was_aborted(pipe)


async def test_chunk_that_aiortc_trips_over_ends_the_association_alone() -> None:
    pipe = Pipe()
    responder = SctpResponder(pipe, remote_port=5000)
    await responder.start()
    tag = struct.unpack_from("!L", pipe.to_page[0], 16)[0]

    # DATA before any INIT: aiortc compares its number with None.
    await pipe.responder._handle_data(packet(tag, data(100)))

    assert was_aborted(pipe)
