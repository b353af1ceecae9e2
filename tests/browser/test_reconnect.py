"""Sessions that come back by themselves, and those that must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import PUBLISH, SUBSCRIBE, open_page, wait_until_playing
from tests.support.live_server import start_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

ENDED = """() => ({
  states, code: session.error.code, serverCode: session.error.serverCode,
  message: session.error.message,
})"""


def wait_until_failed(page: Page) -> None:
    page.wait_for_function("session.state === 'failed'", timeout=10_000)


def test_sessions_come_back_when_the_server_is_restarted(browser: Browser, tmp_path: Path) -> None:
    server = start_server(tmp_path, "--public-address", "127.0.0.1")
    tokens = server.create_room()["tokens"]
    with browser.new_context() as context:
        publisher, viewer = open_page(context, server), open_page(context, server)
        publisher.evaluate(PUBLISH, tokens["publish"])
        viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_playing(viewer)

        assert server.stop() == 0
        for page in (publisher, viewer):
            page.wait_for_function("session.state === 'connecting'")
        server.start()

        for page in (publisher, viewer):
            page.wait_for_function("session.state === 'connected'", timeout=30_000)
        wait_until_playing(viewer)
    assert server.stop() == 0


def test_page_whose_token_goes_live_elsewhere_fails_and_does_not_fight_back(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    token = server.create_room()["tokens"]["publish"]
    first, second = open_tab(), open_tab()
    first.evaluate(PUBLISH, token)

    second.evaluate(PUBLISH, token)
    wait_until_failed(first)

    assert first.evaluate(ENDED) == {
        "states": ["connecting", "connected", "connecting", "failed"],
        "code": "SERVER_ERROR",
        "serverCode": "session_ended",
        "message": "The same token joined again",
    }
    assert second.evaluate("states") == ["connecting", "connected"]


def test_call_whose_token_joins_elsewhere_fails_and_does_not_fight_back(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    token = server.create_room("call")["tokens"]["caller"]
    call = """async token => {
      window.session = await lr.call({ token, video: { height: 480 }, element: video,
        onStateChange });
    }"""
    first, second = open_tab(), open_tab()
    first.evaluate(call, token)

    second.evaluate(call, token)
    wait_until_failed(first)

    assert first.evaluate("session.error.serverCode") == "session_ended"
    assert second.evaluate("states") == ["connecting", "connected"]


def test_one_subscribe_token_serves_many_pages(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, first, second = open_tab(), open_tab(), open_tab()
    publisher.evaluate(PUBLISH, tokens["publish"])

    first.evaluate(SUBSCRIBE, tokens["subscribe"])
    second.evaluate(SUBSCRIBE, tokens["subscribe"])

    wait_until_playing(second)
    wait_until_playing(first)
    assert first.evaluate("states") == ["connecting", "connected"]


def test_revoked_key_ends_its_sessions_with_an_auth_error(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    _, created = server.request("POST", "/v1/keys", {"name": "soon revoked"})
    tokens = server.create_room(key=created["key"])["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])

    status, _ = server.request("DELETE", f"/v1/keys/{created['key'][:8]}")

    assert status == 204
    for page in (publisher, viewer):
        wait_until_failed(page)
        assert page.evaluate("session.error.code") == "AUTH_ERROR"
        assert page.evaluate("session.error.serverCode") == "token_invalid"


def test_deleted_room_ends_its_sessions_with_room_not_found(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])

    server.request("DELETE", f"/v1/rooms/{room['id']}")

    for page in (publisher, viewer):
        wait_until_failed(page)
        assert page.evaluate("session.error.code") == "ROOM_NOT_FOUND"


def test_viewer_that_waits_for_the_publisher_plays_when_one_comes(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    with viewer.expect_response("**/sfu/subscribe") as refused:
        viewer.evaluate(
            """token => {
              lr.subscribe({ token, element: video, waitForPublisher: true, onStateChange });
            }""",
            tokens["subscribe"],
        )
    assert refused.value.status == 404

    publisher.evaluate(PUBLISH, tokens["publish"])

    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_viewer_that_waits_for_the_publisher_stops_when_the_room_is_deleted(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    viewer = open_tab()
    with viewer.expect_response("**/sfu/subscribe"):
        viewer.evaluate(
            """token => {
              waiting = caught(lr.subscribe({ token, element: video, waitForPublisher: true }));
            }""",
            room["tokens"]["subscribe"],
        )

    server.request("DELETE", f"/v1/rooms/{room['id']}")

    assert viewer.evaluate("waiting")["code"] == "ROOM_NOT_FOUND"
