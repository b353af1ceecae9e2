"""One page publishes and others watch, through the documented calls of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import (
    PUBLISH,
    SUBSCRIBE,
    wait_until,
    wait_until_black,
    wait_until_bright,
    wait_until_playing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def test_viewer_sees_the_publisher(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()

    published = publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    subscribed = viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])

    assert (published, subscribed) == ("connected", "connected")
    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_server_counts_who_is_there(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])

    _, shown = server.request("GET", f"/v1/rooms/{room['id']}")

    assert (shown["publisher_count"], shown["subscriber_count"]) == (1, 1)


def test_viewer_goes_on_when_the_publisher_reloads(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])
    wait_until_playing(viewer)

    publisher.reload()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])

    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_viewer_waits_while_the_publisher_is_gone(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])
    wait_until_playing(viewer)

    publisher.evaluate("session.close()")
    other = open_tab()
    taken_over = other.evaluate(PUBLISH, server.create_token(room["id"], "publish"))

    assert taken_over == "connected"
    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_muted_video_is_black_for_the_viewer(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])
    wait_until_playing(viewer)

    publisher.evaluate("session.muteVideo()")
    wait_until_black(viewer)
    publisher.evaluate("session.unmuteVideo()")

    wait_until_bright(viewer)
    assert publisher.evaluate("session.isVideoMuted") is False


def test_closing_the_page_ends_the_session_at_once(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher = open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])

    publisher.close(run_before_unload=False)
    other = open_tab()

    wait_until(
        other,
        """async ([path, key]) => {
          const headers = { Authorization: `Bearer ${key}` };
          const room = await (await fetch(path, { headers })).json();
          return room.publisher_count === 0;
        }""",
        arg=[f"/v1/rooms/{room['id']}", server.key],
        seconds=5,
    )
