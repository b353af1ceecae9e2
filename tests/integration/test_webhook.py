"""Webhooks: what is posted, how it is signed, and what becomes of what nobody takes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.server import webhook as webhook_module
from liverelay.server.tasks import TaskSet
from liverelay.server.webhook import MAX_PENDING, Backoff, Webhook
from liverelay.store.records import RoomType
from liverelay.store.store import Store
from liverelay.utc import unix_now
from tests.support.media_server import serving
from tests.support.webhook_receiver import receiving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

SECRET = "a-secret-of-webhooks"


@asynccontextmanager
async def delivering(url: str, **backoff: Any) -> AsyncIterator[Webhook]:
    """Run a webhook alone, in a hurry."""
    options = {"first": 0.001, "longest": 0.002, **backoff}
    webhook = Webhook(url, SECRET, Backoff(Random(1), **options))
    tasks = TaskSet()
    webhook.start(tasks.start)
    try:
        yield webhook
    finally:
        await tasks.close()


async def settled(webhook: Webhook) -> None:
    """Wait until nothing is pending."""
    await webhook._drained.wait()


def hook(url: str) -> dict[str, Any]:
    """Return the settings of a server that posts to `url`."""
    return {"webhook_url": url, "webhook_secret": SECRET}


async def test_what_happens_in_a_room_is_posted_in_order(tmp_path: Path) -> None:
    async with receiving() as receiver, serving(tmp_path, **hook(receiver.url)) as server:
        room = await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"])
        viewer = await server.watch(room["tokens"]["subscribe"])
        await server.request("DELETE", f"/sfu/sessions/{viewer.session_id}", bearer=viewer.token)
        await server.request("DELETE", f"/v1/rooms/{room['id']}")
        await receiver.until(6)

    assert receiver.names() == [
        "room.created",
        "publisher.joined",
        "subscriber.joined",
        "subscriber.left",
        "publisher.left",
        "room.deleted",
    ]
    events = [posted.event for posted in receiver.posted]
    assert {event["data"]["room_id"] for event in events} == {room["id"]}
    assert len({event["id"] for event in events}) == 6
    assert events[0]["data"]["room_type"] == "broadcast"
    assert events[1]["data"]["session_id"] == publisher.session_id
    assert [event["data"]["reason"] for event in events[3:5]] == ["left", "room_deleted"]
    assert all(event["created_at_utc"].endswith("+00:00") for event in events)


async def test_what_is_posted_is_signed_with_the_time(tmp_path: Path) -> None:
    async with receiving() as receiver, serving(tmp_path, **hook(receiver.url)) as server:
        await server.create_room()
        (posted,) = await receiver.until(1)

    timestamp, signature = posted.headers["LiveRelay-Signature"].split(",")
    signed = timestamp.removeprefix("t=").encode() + b"." + posted.body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}"
    assert abs(int(timestamp.removeprefix("t=")) - unix_now()) <= 5
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["User-Agent"] == "LiveRelay/0.2.0"


async def test_rooms_of_the_command_line_are_posted_too(tmp_path: Path) -> None:
    async with receiving() as receiver, serving(tmp_path, **hook(receiver.url)) as server:
        rooms = Store(server.data_dir).rooms
        room = rooms.create(RoomType.CALL)
        created = await receiver.until_named("room.created")
        rooms.delete(room.room_id)
        deleted = await receiver.until_named("room.deleted")

    assert created["data"] == deleted["data"] == {"room_id": room.room_id, "room_type": "call"}


async def test_what_the_end_of_a_server_causes_is_posted(tmp_path: Path) -> None:
    async with receiving() as receiver, serving(tmp_path, **hook(receiver.url)) as server:
        room = await server.create_room()
        await server.publish(room["tokens"]["publish"])
        await receiver.until_named("publisher.joined")
        # Too slow to answer before the server closes.
        receiver.gate.clear()
        draining = asyncio.create_task(server.server.drain())
        left = await receiver.until_named("publisher.left")
        await draining
        closing = asyncio.create_task(server.server.close())
        receiver.gate.set()
        await closing
        webhook = server.context.webhook

    assert left["data"]["reason"] == "draining"
    assert webhook is not None
    assert webhook.counters.delivered == 3


@pytest.mark.parametrize("refusal", [307, 400, 404, 500, 503])
async def test_what_is_not_taken_is_posted_again_as_it_was(refusal: int) -> None:
    async with receiving(refusal, refusal, 200) as receiver, delivering(receiver.url) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        webhook.post("room.deleted", {"room_id": "one"})
        await settled(webhook)

    assert receiver.names() == ["room.created"] * 3 + ["room.deleted"]
    assert len({posted.event["id"] for posted in receiver.posted}) == 2
    assert webhook.counters.delivered == 2
    assert webhook.counters.failed_attempts == 2


async def test_what_is_never_taken_is_given_up_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with receiving(500) as receiver, delivering(receiver.url, attempts=3) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        await settled(webhook)

    assert len(receiver.posted) == 3
    assert (webhook.counters.failed, webhook.counters.delivered) == (1, 0)
    assert [r.message for r in caplog.records if r.levelno == logging.WARNING] == [
        "webhook: HTTP 500; trying again, later and later"
    ]


async def test_recovery_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with receiving(500, 500, 204) as receiver, delivering(receiver.url) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        webhook.post("room.deleted", {"room_id": "one"})
        await settled(webhook)

    assert [record.message for record in caplog.records if "webhook" in record.message] == [
        "webhook: HTTP 500; trying again, later and later",
        "webhook: delivering again",
    ]


async def test_receiver_that_is_not_there_is_tried_again(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/"
    async with delivering(url, attempts=2) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        await settled(webhook)

    assert (webhook.counters.failed, webhook.counters.failed_attempts) == (1, 2)


async def test_address_that_cannot_be_looked_up_ends_no_delivery() -> None:
    async with delivering("http://hooks..example.com/", attempts=2) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        webhook.post("room.deleted", {"room_id": "one"})
        await settled(webhook)

    assert (webhook.counters.failed, webhook.counters.failed_attempts) == (2, 4)


async def test_receiver_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhook_module, "ATTEMPT_TIMEOUT", 0.05)
    async with receiving() as receiver, delivering(receiver.url, attempts=1) as webhook:
        receiver.gate.clear()
        webhook.post("room.created", {"room_id": "one"})
        await settled(webhook)

    assert webhook.counters.failed == 1
    assert "no answer within 0.05 s" in caplog.text


async def test_slow_room_does_not_hold_up_others() -> None:
    async with receiving() as receiver, delivering(receiver.url) as webhook:
        receiver.gate.clear()
        for number in range(20):
            webhook.post("room.created", {"room_id": str(number)})
        under_way = len(await receiver.until(8))
        receiver.gate.set()
        await settled(webhook)

    assert under_way == 8
    assert webhook.counters.delivered == 20


async def test_rooms_whose_events_are_refused_do_not_hold_up_others() -> None:
    rooms = [str(number) for number in range(20)]
    async with receiving() as receiver, delivering(receiver.url, first=60.0) as webhook:
        receiver.refused.update(rooms)
        for room_id in rooms:
            webhook.post("room.created", {"room_id": room_id})
            webhook.post("room.deleted", {"room_id": room_id})
        webhook.post("room.created", {"room_id": "other"})
        posted = await receiver.until(21)

    assert {each.event["data"]["room_id"] for each in posted} == {*rooms, "other"}
    assert {each.event["event"] for each in posted} == {"room.created"}


async def test_room_is_told_of_in_order_while_others_are_refused() -> None:
    async with receiving() as receiver, delivering(receiver.url, attempts=3) as webhook:
        receiver.refused.add("one")
        for number in range(20):
            webhook.post("room.created", {"room_id": "one", "number": number})
            webhook.post("room.created", {"room_id": "two", "number": number})
        await settled(webhook)

    told = [posted.event["data"] for posted in receiver.posted]
    numbers = list(range(20))
    assert [data["number"] for data in told if data["room_id"] == "two"] == numbers
    assert [data["number"] for data in told if data["room_id"] == "one"] == [
        number for number in numbers for _ in range(3)
    ]


async def test_more_than_may_wait_is_dropped_and_counted() -> None:
    async with receiving() as receiver, delivering(receiver.url) as webhook:
        receiver.gate.clear()
        for _ in range(MAX_PENDING + 7):
            webhook.post("room.created", {"room_id": "one"})
        pending = len(webhook)

    assert pending == MAX_PENDING
    assert webhook.counters.overflowed == 7


async def test_closing_tries_what_is_pending_once_and_at_once() -> None:
    async with receiving(500) as receiver, delivering(receiver.url, first=60.0) as webhook:
        webhook.post("room.created", {"room_id": "one"})
        webhook.post("room.deleted", {"room_id": "one"})
        await receiver.until(1)

        await webhook.close()

    assert receiver.names()[-1] == "room.deleted"
    assert webhook.counters.failed == 2
    assert len(webhook) == 0


async def test_closing_does_not_wait_for_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhook_module, "CLOSING_TIME", 0.05)
    async with receiving() as receiver, delivering(receiver.url) as webhook:
        receiver.gate.clear()
        webhook.post("room.created", {"room_id": "one"})
        await receiver.until(1)

        await webhook.close()

    assert "webhook: 1 events were not delivered" in caplog.text


async def test_delays_double_up_to_a_limit_and_are_spread_below() -> None:
    backoff = Backoff(Random(7), first=1.0, longest=10.0, attempts=7)

    delays = [backoff.delay(failures) for failures in range(1, 8)]

    longest = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert delays[-1] is None
    for delay, most in zip(delays[:-1], longest, strict=True):
        assert delay is not None
        assert most / 2 <= delay <= most
    assert len({delay for delay in delays if delay}) == 6
