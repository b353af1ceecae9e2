"""Every error code that the documentation promises, provoked in a real page."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import replace_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

PUBLISH = "token => caught(lr.publish({ token, video: true }))"
SUBSCRIBE = "token => caught(lr.subscribe({ token, element: video }))"


def attempt(page: Page, script: str, token: str) -> dict[str, Any]:
    error = page.evaluate(script, token)
    assert error is not None, "it should have failed"
    assert error["isLiveRelayError"]
    assert error["message"]
    return dict(error)


def test_broken_token_is_an_auth_error(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    error = attempt(open_tab(), PUBLISH, "eyJ.broken.token")

    assert (error["code"], error["httpStatus"]) == ("AUTH_ERROR", 401)


def test_wrong_role_is_an_auth_error(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room()

    error = attempt(open_tab(), PUBLISH, room["tokens"]["subscribe"])

    assert (error["code"], error["httpStatus"]) == ("AUTH_ERROR", 403)


def test_deleted_room_is_room_not_found(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room()
    server.request("DELETE", f"/v1/rooms/{room['id']}")

    error = attempt(open_tab(), PUBLISH, room["tokens"]["publish"])

    assert (error["code"], error["httpStatus"]) == ("ROOM_NOT_FOUND", 404)


def test_second_publisher_is_room_full(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room()
    first, second = open_tab(), open_tab()
    assert first.evaluate(PUBLISH, room["tokens"]["publish"]) is None

    error = attempt(second, PUBLISH, server.create_token(room["id"], "publish"))

    assert (error["code"], error["httpStatus"]) == ("ROOM_FULL", 409)


def test_nobody_publishing_is_a_server_error_with_its_code(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()

    error = attempt(open_tab(), SUBSCRIBE, room["tokens"]["subscribe"])

    assert (error["code"], error["httpStatus"]) == ("SERVER_ERROR", 404)
    assert error["serverCode"] == "no_publisher_available"


def test_server_that_is_not_there_is_a_network_error(open_tab: Callable[[], Page]) -> None:
    page = open_tab()
    page.evaluate("lr2 = new LiveRelay('http://127.0.0.1:9')")

    error = attempt(page, PUBLISH.replace("lr.", "lr2."), "any")

    assert (error["code"], error["httpStatus"]) == ("NETWORK_ERROR", None)


def test_refused_camera_is_a_media_error(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    page = open_tab()
    page.evaluate(
        """() => {
          navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException('Permission denied', 'NotAllowedError');
          };
        }"""
    )

    error = attempt(page, PUBLISH, server.create_room()["tokens"]["publish"])

    assert error["code"] == "MEDIA_ERROR"


def test_answer_without_media_is_a_timeout(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    page = open_tab()
    page.clock.install()
    # As with a firewall in front of the UDP port. On port 9 of loopback nobody answers.
    replace_port(page, 9)

    with page.expect_response("**/sfu/publish"):
        page.evaluate(
            "token => { attempt = caught(lr.publish({ token, video: true })); }",
            server.create_room()["tokens"]["publish"],
        )
    page.clock.run_for(15_000)

    assert page.evaluate("attempt")["code"] == "TIMEOUT"


def test_kicked_viewer_fails_and_stays_away(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    assert publisher.evaluate(PUBLISH, room["tokens"]["publish"]) is None
    viewer.evaluate(
        """async token => {
          window.session = await lr.subscribe({ token, element: video, onStateChange });
        }""",
        room["tokens"]["subscribe"],
    )
    _, peers = server.request("GET", f"/v1/rooms/{room['id']}/peers")
    peer = next(peer for peer in peers if peer["role"] == "subscribe")

    status, _ = server.request("DELETE", f"/v1/rooms/{room['id']}/peers/{peer['peer_id']}")

    assert status == 204
    viewer.wait_for_function("session.state === 'failed'", timeout=5_000)
    assert viewer.evaluate("session.error.serverCode") == "session_ended"
    _, shown = server.request("GET", f"/v1/rooms/{room['id']}")
    assert shown["subscriber_count"] == 0


def test_unknown_peer_cannot_be_kicked(server: LiveServer) -> None:
    room = server.create_room()

    status, answer = server.request("DELETE", f"/v1/rooms/{room['id']}/peers/{uuid.uuid4()}")

    assert (status, answer["error"]) == (404, "not_found")
