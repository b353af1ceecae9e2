"""Commands on a store see who is in the rooms of the servers that run on it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from liverelay.store.live import LivePublisher, read_live_counts
from liverelay.store.store import Store
from tests.support.command import Command
from tests.support.media_server import KEY, MediaServer, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio]


async def listed(command: Command, data_dir: Path) -> dict[str, tuple[int, int]]:
    """Return the counts of `liverelay rooms list` by room."""
    output = await asyncio.to_thread(
        command.output, "rooms", "list", "--json", "--data-dir", str(data_dir)
    )
    rooms: list[dict[str, Any]] = json.loads(output)
    return {room["room_id"]: (room["publisher_count"], room["subscriber_count"]) for room in rooms}


async def until_listed(server: MediaServer, room_id: str, expected: tuple[int, int]) -> None:
    """Wait for what the running server tells others."""
    directory = Store(server.data_dir).live_directory
    await server.until(lambda: read_live_counts(directory).get(room_id, (0, 0)) == expected)


async def test_rooms_list_shows_who_is_there(tmp_path: Path) -> None:
    command = Command.install(tmp_path / "home")
    async with serving(tmp_path / "data") as server:
        room, empty = await server.create_room(), await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"])
        await server.watch(room["tokens"]["subscribe"])
        await server.watch(room["tokens"]["subscribe"])
        await until_listed(server, room["id"], (1, 2))
        during = await listed(command, server.data_dir)
        publisher.close()
        await until_listed(server, room["id"], (0, 2))
        shown = json.loads(
            command.output(
                "rooms", "show", room["id"], "--json", "--data-dir", str(tmp_path / "data")
            )
        )
    after = await listed(command, tmp_path / "data")

    assert during == {room["id"]: (1, 2), empty["id"]: (0, 0)}
    assert (shown["publisher_count"], shown["subscriber_count"]) == (0, 2)
    assert after == {room["id"]: (0, 0), empty["id"]: (0, 0)}


async def test_counts_of_a_killed_server_are_void(tmp_path: Path) -> None:
    command = Command.install(tmp_path / "home").where(LIVERELAY_API_KEY=KEY)
    room_id = command.output("rooms", "create")
    with command.serve() as serving_process:
        serving_process.wait_until_listening()
        while not (files := list((command.data_dir / "live").glob("*.json"))):
            pass
        live = files[0]
        # As if somebody were in, which the killed server can no longer take back.
        live.write_text(json.dumps({"url": "http://127.0.0.1", "rooms": {room_id: [1, 7]}}))
        before = await listed(command, command.data_dir)
        os.kill(serving_process.process.pid, signal.SIGKILL)
        serving_process.process.wait()

        after = await listed(command, command.data_dir)

    assert before == {room_id: (1, 7)}
    assert after == {room_id: (0, 0)}
    assert list((command.data_dir / "live").iterdir()) == []


async def test_counts_of_several_servers_are_added_up(tmp_path: Path) -> None:
    publishers = [LivePublisher(tmp_path / "live", "http://127.0.0.1") for _ in range(2)]

    publishers[0].publish({"a": (1, 2), "b": (0, 1)})
    publishers[1].publish({"a": (0, 5)})
    both = read_live_counts(tmp_path / "live")
    publishers[1].close()
    one = read_live_counts(tmp_path / "live")
    publishers[0].close()

    assert both == {"a": (1, 7), "b": (0, 1)}
    assert one == {"a": (1, 2), "b": (0, 1)}
    assert read_live_counts(tmp_path / "live") == {}


async def test_publisher_knows_which_counts_it_wrote_last(tmp_path: Path) -> None:
    publisher = LivePublisher(tmp_path / "live", "http://127.0.0.1")
    before = publisher.has_published({})

    publisher.publish({"a": (1, 2)})

    assert not before
    assert publisher.has_published({"a": (1, 2)})
    assert not publisher.has_published({"a": (1, 3)})
    publisher.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"url": 1, "rooms": {}}',
        '{"url": "", "rooms": []}',
        *(f'{{"url": "", "rooms": {{"room": {counts}}}}}' for counts in ("7", "[1]", '["1", 2]')),
    ],
)
async def test_damaged_counts_are_passed_over(tmp_path: Path, text: str) -> None:
    publisher = LivePublisher(tmp_path / "live", "http://127.0.0.1")
    publisher.publish({"a": (1, 2)})

    next((tmp_path / "live").glob("*.json")).write_text(text)
    counts = read_live_counts(tmp_path / "live")
    publisher.close()

    assert counts == {}
