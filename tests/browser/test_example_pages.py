"""What people see who open the links to publish, to watch and to call.

The browser is one as users have it: it asks before it gives a camera, and plays no sound unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import (
    press,
    wait_until_black,
    wait_until_bright,
    wait_until_playing,
)
from tests.support.example_pages import (
    ALLOWED,
    go_live,
    install_clock,
    join_call,
    open_link,
    studio_link,
    turn_on_camera,
    wait_until_still,
    watch_link,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page, Route

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

# As often as the SDK tries before it gives a session up.
RECONNECTIONS = 10


@pytest.fixture
def call_pages(server: LiveServer, open_example: Callable[..., Page]) -> tuple[Page, Page]:
    """The pages of a call's caller and callee, who have not joined."""
    tokens = server.create_room("call")["tokens"]
    caller = open_example("call.html", token=tokens["caller"], invite=tokens["callee"])
    return caller, open_example("call.html", token=tokens["callee"])


def kick_viewers(server: LiveServer, room_id: str) -> None:
    _, peers = server.request("GET", f"/v1/rooms/{room_id}/peers")
    for peer in peers:
        if peer["role"] == "subscribe":
            server.request("DELETE", f"/v1/rooms/{room_id}/peers/{peer['peer_id']}")


def test_live_page_sends_nothing_before_it_is_told_to(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    page = open_example("publish.html", **studio_link(room))

    turn_on_camera(page)

    expect(page.get_by_text("Not live")).to_be_visible()
    _, shown = server.request("GET", f"/v1/rooms/{room['id']}")
    assert shown["publisher_count"] == 0


def test_watch_page_waits_for_the_stream_and_starts_by_itself(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    viewer = open_example("watch.html", **watch_link(room))
    expect(viewer.get_by_text("Nobody is live yet")).to_be_visible()

    go_live(open_example("publish.html", **studio_link(room)))

    wait_until_playing(viewer)
    expect(viewer.get_by_text("Nobody is live yet")).to_be_hidden()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (lambda route: route.abort(), "The server cannot be reached"),
        (lambda route: route.fulfill(status=429), "The server is busy"),
        (lambda route: route.fulfill(status=502), "That did not work"),
    ],
    ids=["unreachable", "429", "502"],
)
def test_watch_page_waits_on_through_trouble(
    strict_browser: Browser, server: LiveServer, trouble: Callable[[Route], None], words: str
) -> None:
    room = server.create_room()
    # Not the window of the others, in which requests may not fail.
    with strict_browser.new_context(permissions=ALLOWED) as context:
        viewer = open_link(context, server, "watch.html", **watch_link(room))
        install_clock(viewer)
        expect(viewer.get_by_text("Nobody is live yet")).to_be_visible()

        viewer.route("**/sfu/subscribe", trouble)
        viewer.clock.run_for(3_000)
        expect(viewer.get_by_text(words)).to_be_visible()
        expect(viewer.get_by_role("button", name="Try again")).to_be_hidden()
        viewer.unroute("**/sfu/subscribe")
        viewer.clock.run_for(3_000)

        expect(viewer.get_by_text("Nobody is live yet")).to_be_visible()
        go_live(open_link(context, server, "publish.html", **studio_link(room)))
        viewer.clock.run_for(3_000)
        wait_until_playing(viewer)


def test_watch_page_asks_a_busy_server_no_sooner_than_it_wants(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    viewer = open_example("watch.html", **watch_link(server.create_room()))
    install_clock(viewer)
    expect(viewer.get_by_text("Nobody is live yet")).to_be_visible()
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=429, headers={"Retry-After": "60"})

    viewer.route("**/sfu/subscribe", refuse)
    viewer.clock.run_for(3_000)
    expect(viewer.get_by_text("The server is busy")).to_be_visible()

    viewer.clock.run_for(50_000)
    viewer.unroute("**/sfu/subscribe")
    with viewer.expect_response("**/sfu/subscribe") as answered:
        viewer.clock.run_for(10_000)

    assert answered.value.status == 404
    assert len(asked) == 1


def test_watch_page_waits_again_when_the_publisher_did_not_come_back(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    go_live(open_example("publish.html", **studio_link(room)))
    viewer = open_example("watch.html", **watch_link(room))
    install_clock(viewer)
    wait_until_playing(viewer)
    nobody = {"error": "no_publisher_available", "message": "Room has no active publisher"}
    viewer.route("**/sfu/subscribe", lambda route: route.fulfill(status=404, json=nobody))

    kick_viewers(server, room["id"])
    for _ in range(RECONNECTIONS):
        with viewer.expect_response("**/sfu/subscribe"):
            viewer.clock.run_for(11_000)
    expect(viewer.get_by_text("Waiting", exact=True)).to_be_visible()
    expect(viewer.get_by_text("The stream is paused")).to_be_visible()
    viewer.unroute("**/sfu/subscribe")
    viewer.clock.run_for(3_000)

    wait_until_playing(viewer)
    expect(viewer.get_by_text("The stream is paused")).to_be_hidden()


def test_hidden_camera_is_black_for_the_watcher(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    publisher = open_example("publish.html", **studio_link(room))
    go_live(publisher)
    viewer = open_example("watch.html", **watch_link(room))
    wait_until_playing(viewer)

    press(publisher, "Hide camera")
    wait_until_black(viewer)
    expect(publisher.get_by_text("Your camera is hidden")).to_be_visible()
    press(publisher, "Show camera")

    wait_until_bright(viewer)
    expect(publisher.get_by_text("Your camera is hidden")).to_be_hidden()


def test_microphone_is_muted_before_and_while_live(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    page = open_example("publish.html", **studio_link(server.create_room()))
    turn_on_camera(page)
    enabled = "document.getElementById('preview').srcObject.getAudioTracks()[0].enabled"

    press(page, "Mute")
    press(page, "Go live")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()

    assert page.evaluate(enabled) is False
    press(page, "Unmute")
    assert page.evaluate(enabled) is True


def test_stream_that_is_stopped_and_started_again_goes_on_for_the_watcher(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    publisher = open_example("publish.html", **studio_link(room))
    go_live(publisher)
    viewer = open_example("watch.html", **watch_link(room))
    install_clock(viewer)
    wait_until_playing(viewer)

    press(publisher, "Stop")
    wait_until_still(viewer, "video")
    viewer.clock.run_for(8_000)
    expect(viewer.get_by_text("The stream is paused")).to_be_visible()
    expect(viewer.get_by_role("button", name="Turn on sound")).to_be_hidden()
    press(publisher, "Go live")

    wait_until_playing(viewer)
    expect(viewer.get_by_text("The stream is paused")).to_be_hidden()


def test_watch_page_plays_silently_until_sound_is_turned_on(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    go_live(open_example("publish.html", **studio_link(room)))
    viewer = open_example("watch.html", **watch_link(room))
    wait_until_playing(viewer)
    assert viewer.evaluate("video.muted") is True

    press(viewer, "Turn on sound")

    wait_until_playing(viewer)
    assert viewer.evaluate("video.muted") is False


def test_link_for_viewers_is_copied(server: LiveServer, open_example: Callable[..., Page]) -> None:
    page = open_example("publish.html", **studio_link(server.create_room()))

    press(page, "Copy link")

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("Link to watch").input_value()


def test_leaving_a_call_tells_the_other_side(call_pages: tuple[Page, Page]) -> None:
    caller, callee = call_pages
    install_clock(caller)
    join_call(caller)
    join_call(callee)
    wait_until_playing(caller, element="remote")

    press(callee, "Leave")
    expect(callee.get_by_text("Not in the call")).to_be_visible()
    wait_until_still(caller, "remote")
    caller.clock.run_for(8_000)

    expect(caller.get_by_text("Waiting", exact=True)).to_be_visible()


def test_who_is_heard_and_not_seen_is_in_the_call(call_pages: tuple[Page, Page]) -> None:
    caller, callee = call_pages
    join_call(caller)
    alone = caller.get_by_text("You are in. Nobody else is, yet")
    expect(alone).to_be_visible()

    turn_on_camera(callee)
    callee.get_by_label("Camera", exact=True).select_option("No camera")
    press(callee, "Join the call")

    expect(caller.get_by_text("In the call", exact=True)).to_be_visible()
    expect(alone).to_be_hidden()


def test_camera_that_is_off_after_a_call_is_told(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    page = open_example("call.html", token=server.create_room("call")["tokens"]["caller"])
    join_call(page)
    expect(page.get_by_text("You are in. Nobody else is, yet")).to_be_visible()
    press(page, "Leave")

    page.get_by_label("Camera", exact=True).select_option("No camera")
    page.get_by_label("Microphone", exact=True).select_option("No microphone")

    expect(page.get_by_text("Your camera is off")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on")).to_be_enabled()


def test_deleting_a_room_ends_its_stream_and_says_so(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    publisher = open_example("publish.html", **studio_link(room))
    go_live(publisher)
    viewer = open_example("watch.html", **watch_link(room))
    wait_until_playing(viewer)

    server.request("DELETE", f"/v1/rooms/{room['id']}")

    expect(publisher.get_by_role("alert")).to_contain_text("You are not live any more")
    expect(viewer.get_by_text("The stream has ended")).to_be_visible()
    press(publisher, "Go live")
    expect(publisher.get_by_role("alert")).to_contain_text("This room is gone")
    press(viewer, "Try again")
    expect(viewer.get_by_text("This room is gone")).to_be_visible()


def test_same_link_on_a_second_page_takes_over_and_the_first_page_says_so(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    first, second = (open_example("publish.html", **studio_link(room)) for _ in range(2))
    go_live(first)

    go_live(second)

    expect(first.get_by_role("alert")).to_contain_text("on another page")
    expect(second.get_by_role("button", name="Stop")).to_be_visible()


@pytest.mark.parametrize("name", ["publish.html", "watch.html", "call.html"])
def test_incomplete_link_is_told_in_clear_words(
    open_example: Callable[..., Page], name: str
) -> None:
    page = open_example(name)

    expect(page.get_by_role("alert")).to_contain_text("This link is not complete")


def test_expired_link_is_told_in_clear_words(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    token = server.create_expired_token(server.create_room()["id"], "subscribe")

    page = open_example("watch.html", token=token)

    expect(page.get_by_text("This link is not valid any more")).to_be_visible()


def test_second_publisher_is_told_in_clear_words(
    server: LiveServer, open_example: Callable[..., Page]
) -> None:
    room = server.create_room()
    go_live(open_example("publish.html", **studio_link(room)))
    other = open_example("publish.html", token=server.create_token(room["id"], "publish"))

    turn_on_camera(other)
    press(other, "Go live")

    expect(other.get_by_role("alert")).to_contain_text("Someone else is live in this room already")


@pytest.mark.parametrize("name", ["publish.html", "call.html"])
def test_refused_camera_is_told_in_clear_words(
    strict_browser: Browser, server: LiveServer, name: str
) -> None:
    with strict_browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url}/examples/{name}#token=any")

        press(page, "Turn on camera and microphone")

        expect(page.get_by_role("alert")).to_contain_text("does not let this page use the camera")


@pytest.mark.parametrize(
    "path", ["dashboard/", "dashboard/main.js", "examples/watch.html", "shared/base.css"]
)
def test_page_allows_itself_nothing_from_elsewhere(
    strict_browser: Browser, server: LiveServer, path: str
) -> None:
    with strict_browser.new_context() as context:
        answer = context.request.get(f"{server.url}/{path}")

    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'self'"
    assert "frame-ancestors 'none'" in policy
    assert not any("unsafe" in directive or "http" in directive for directive in policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
