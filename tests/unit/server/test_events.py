from __future__ import annotations

import asyncio
import json

import pytest

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.events import MAX_PENDING, EventCounters, EventHub, Listener

pytestmark = pytest.mark.asyncio


def open_hub(max_listeners: int = 4) -> EventHub:
    return EventHub(EventCounters(), max_listeners=max_listeners)


async def rest(listener: Listener) -> list[object]:
    """Return what a closed listener still holds."""
    taken = []
    while (event := await listener.take()) is not None:
        taken.append(json.loads(event.data))
    return taken


async def test_each_listener_gets_each_event_in_order() -> None:
    hub = open_hub()
    listeners = [hub.listen(), hub.listen()]

    hub.publish("counted", {"number": 1})
    hub.publish("counted", {"number": 2})
    hub.close()

    for listener in listeners:
        assert await rest(listener) == [{"number": 1}, {"number": 2}]


async def test_waiting_listener_is_woken() -> None:
    hub = open_hub()
    with hub.listen() as listener:
        waiting = asyncio.create_task(listener.take())
        await asyncio.sleep(0)

        hub.publish("counted", {"number": 1})

        event = await waiting
    assert event is not None
    assert (event.name, event.data) == ("counted", b'{"number":1}')


async def test_nothing_is_encoded_when_nobody_listens() -> None:
    hub = open_hub()
    with hub.listen():
        pass

    hub.publish("counted", {"number": object()})

    assert len(hub) == 0


async def test_of_a_state_only_the_newest_is_kept_and_it_comes_in_its_turn() -> None:
    hub = open_hub()
    listener = hub.listen()

    for number in range(3 * MAX_PENDING):
        hub.publish("level", {"number": number}, is_state=True)
    hub.publish("changed", {})
    hub.publish("level", {"number": -1}, is_state=True)
    hub.close()

    assert await rest(listener) == [{}, {"number": -1}]
    assert not listener.is_overrun


async def test_listener_that_does_not_keep_up_is_ended_and_counted_and_no_other() -> None:
    counters = EventCounters()
    hub = EventHub(counters, max_listeners=2)
    slow, quick = hub.listen(), hub.listen()

    for number in range(MAX_PENDING + 1):
        hub.publish("counted", {"number": number})
        await quick.take()

    assert await slow.take() is None
    assert slow.is_overrun
    assert counters.overrun == 1
    assert len(hub) == 1
    assert not quick.is_overrun


async def test_as_many_listen_as_may() -> None:
    hub = open_hub(max_listeners=1)
    with hub.listen():
        with pytest.raises(RefusedError) as refused:
            hub.listen()
        assert refused.value.code is ErrorCode.UNAVAILABLE

    assert hub.listen() is not None


async def test_closed_hub_admits_nobody() -> None:
    hub = open_hub()
    hub.close()

    with pytest.raises(RefusedError) as refused:
        hub.listen()

    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_only_the_listeners_of_an_owner_are_dismissed() -> None:
    hub = open_hub()
    dismissed, kept = hub.listen("one"), hub.listen("other")

    hub.dismiss({"one"})
    hub.publish("changed", {})

    assert await kept.take() is not None
    assert await dismissed.take() is None


async def test_first_listener_is_waited_for() -> None:
    hub = open_hub()
    waiting = asyncio.create_task(hub.wait_for_listener())
    await asyncio.sleep(0)
    before = waiting.done()

    with hub.listen(), hub.listen():
        await waiting

    assert not before
    again = asyncio.create_task(hub.wait_for_listener())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
