"""Getting into the dashboard, being thrown out, and a server that goes away and comes back."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from liverelay.server.events import MAX_LISTENERS
from liverelay.store.store import Store
from tests.support.browser import PUBLISH, open_page, press, wait_until_playing
from tests.support.dashboard import confirm, live_room, log_in, open_room
from tests.support.live_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

    from tests.support.live_server import LiveServer

# Gets an answer, and does nothing with it.
JOIN_ONLY = """async token => {
  const connection = new RTCPeerConnection();
  connection.addTransceiver('video', { direction: 'sendonly' });
  const { sdp } = await connection.createOffer();
  const response = await fetch('/sfu/publish', {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ sdp, type: 'offer' }),
  });
  return (await response.json()).session_id;
}"""

# The screen is chosen when `choose` is called.
HOLD_SCREEN = """(() => {
  const open = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getDisplayMedia = async (options) => {
    window.chosen = await open(options);
    await new Promise((resolve) => (window.choose = resolve));
    return chosen;
  };
})()"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window in which requests may fail, as they do while a server is gone."""
    with browser.new_context() as context:
        yield context


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that tests may stop, if they start it again, and give wrong keys to."""
    data_dir = tmp_path_factory.mktemp("store")
    with running_server(data_dir, "--public-address", "127.0.0.1") as running:
        yield running


@pytest.fixture
def page(window: BrowserContext) -> Page:
    return window.new_page()


def refuse_tokens(page: Page, status: int, code: str) -> None:
    """Answer as a server does that makes no token."""
    refusal = {"error": code, "message": "No token"}
    page.route("**/token", lambda route: route.fulfill(status=status, json=refusal))


@pytest.mark.parametrize("path", ["/", "/dashboard", "/dashboard/", "/examples/"])
def test_address_of_the_server_leads_to_the_dashboard(
    page: Page, server: LiveServer, path: str
) -> None:
    page.goto(server.url + path)

    expect(page).to_have_url(f"{server.url}/dashboard/")
    expect(page.get_by_label("API key")).to_be_visible()


def test_wrong_key_is_told_in_clear_words(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    field, alert = page.get_by_label("API key"), page.get_by_role("alert")

    # As lists show it, cut short, and with what a mail made of it.
    for part in (f"{server.key[:8]}…", server.key[:-1], server.key.replace("_", "_ ")):
        field.fill(part)
        press(page, "Log in")
        expect(alert).to_contain_text("This is not a whole API key")
        expect(field).to_be_focused()
    field.fill("lr_" + 32 * "0")
    press(page, "Log in")

    expect(alert).to_contain_text("The server does not know this API key")
    expect(field).to_be_focused()


def test_address_with_too_many_wrong_keys_is_let_in_with_the_right_one(
    page: Page, own_server: LiveServer
) -> None:
    for _ in range(21):
        own_server.request("GET", "/v1/keys", bearer="lr_" + 32 * "0")
    page.goto(own_server.url)
    page.get_by_label("API key").fill("lr_" + 32 * "1")
    press(page, "Log in")
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong ones came from your network")

    _, made = own_server.request("POST", "/v1/keys", {"name": "visitor"})
    # Copied with what was around it.
    page.get_by_label("API key").fill(f" {made['key']}\t")
    press(page, "Log in")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_text("Up to date")).to_be_visible()

    own_server.request("DELETE", f"/v1/keys/{made['key'][:8]}")
    expect(page.get_by_role("alert")).to_contain_text("This API key is not valid any more")


def test_logging_in_while_the_server_is_gone_is_told(page: Page, own_server: LiveServer) -> None:
    page.goto(own_server.url)
    page.get_by_label("API key").fill(own_server.key)
    assert own_server.stop() == 0

    press(page, "Log in")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    own_server.start()
    press(page, "Log in")

    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def test_log_in_is_sent_once(page: Page, server: LiveServer) -> None:
    held: list[Route] = []
    page.route("**/v1/keys", lambda route: held.append(route))
    page.goto(server.url)
    page.get_by_label("API key").fill(server.key)

    page.get_by_label("API key").press("Enter")
    page.get_by_label("API key").press("Enter")
    expect(page.get_by_role("button", name="Log in")).to_be_disabled()
    for route in held:
        route.continue_()

    expect(page.get_by_text("Up to date")).to_be_visible()
    assert len(held) == 1


def test_server_with_too_many_listeners_is_told_and_asked_again(
    page: Page, empty_server: LiveServer
) -> None:
    listeners = [HTTPConnection(urlsplit(empty_server.url).netloc) for _ in range(MAX_LISTENERS)]
    for listener in listeners:
        listener.request(
            "GET", "/v1/events", headers={"Authorization": f"Bearer {empty_server.key}"}
        )
        assert listener.getresponse().status == 200

    log_in(page, empty_server)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server is busy")
    expect(alert).to_contain_text("There are as many listeners as there may be")
    for listener in listeners:
        listener.close()

    expect(page.get_by_text("Up to date")).to_be_visible(timeout=15_000)
    expect(alert).to_be_hidden()


def test_key_stays_in_the_tab_until_logging_out(
    page: Page, window: BrowserContext, server: LiveServer
) -> None:
    log_in(page, server)
    page.reload()
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    other = window.new_page()
    other.goto(server.url)
    expect(other.get_by_label("API key")).to_be_visible()

    press(page, "Log out")

    expect(page.get_by_label("API key")).to_be_focused()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()


def test_revoked_key_logs_out_and_says_so(page: Page, server: LiveServer) -> None:
    _, made = server.request("POST", "/v1/keys", {"name": "visitor"})
    log_in(page, server, made["key"])
    expect(page.get_by_text("Up to date")).to_be_visible()
    page.get_by_role("link", name="API keys").click()
    page.get_by_role("button", name=f"({made['key'][:8]})").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    server.request("DELETE", f"/v1/keys/{made['key'][:8]}")

    expect(page.get_by_role("alert")).to_contain_text("This API key is not valid any more")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_label("API key")).to_be_focused()


def test_key_that_was_revoked_while_the_page_was_away_logs_out(
    page: Page, server: LiveServer
) -> None:
    _, made = server.request("POST", "/v1/keys", {"name": "visitor"})
    log_in(page, server, made["key"])
    page.goto(f"{server.url}/docs/")

    server.request("DELETE", f"/v1/keys/{made['key'][:8]}")
    page.go_back()

    expect(page.get_by_role("alert")).to_contain_text("This API key is not valid any more")
    expect(page.get_by_label("API key")).to_be_focused()


def test_revoking_the_own_key_logs_out(page: Page, server: LiveServer) -> None:
    _, made = server.request("POST", "/v1/keys", {"name": "visitor"})
    log_in(page, server, made["key"])
    page.get_by_role("link", name="API keys").click()

    page.get_by_role("button", name=f"({made['key'][:8]})").click()
    expect(page.get_by_role("dialog")).to_contain_text("You are logged out")
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()

    expect(page.get_by_label("API key")).to_be_visible()


def test_screen_that_is_chosen_after_logging_out_is_let_go(page: Page, server: LiveServer) -> None:
    page.add_init_script(HOLD_SCREEN)
    open_room(page, server, server.create_room()["id"])
    press(page, "Share screen")
    page.wait_for_function("() => window.choose")

    press(page, "Log out")
    page.evaluate("choose()")

    page.wait_for_function(
        "() => chosen.getTracks().every((track) => track.readyState === 'ended')"
    )
    expect(page.get_by_role("alert")).to_be_hidden()


def test_room_that_is_gone_is_told_in_clear_words(page: Page, server: LiveServer) -> None:
    room_id = server.create_room()["id"]
    open_room(page, server, room_id)

    server.request("DELETE", f"/v1/rooms/{room_id}")

    expect(page.get_by_role("heading", name="This room is gone")).to_be_visible()


def test_preview_outlives_its_publisher_and_says_when_it_ends(
    page: Page, browser: Browser, server: LiveServer
) -> None:
    room = server.create_room()
    with browser.new_context() as context:
        publisher = open_page(context, server)
        publisher.evaluate(PUBLISH, room["tokens"]["publish"])
        open_room(page, server, room["id"])
        press(page, "Preview")
        wait_until_playing(page, element="preview")

        publisher.evaluate("session.close()")
        waiting = page.get_by_text("The preview goes on by itself as soon as somebody is.")
        expect(waiting).to_be_visible()
        publisher.evaluate(PUBLISH, room["tokens"]["publish"])
        expect(waiting).to_be_hidden()
        wait_until_playing(page, element="preview")
        page.get_by_role("button", name=re.compile("Kick viewer", re.I)).click()
        confirm(page, "Kick")

        expect(page.get_by_role("alert")).to_contain_text("The preview has ended")
        expect(page.get_by_role("button", name="Preview", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (503, "unavailable", "The server is busy"),
        (404, "room_not_found", "This room is gone"),
    ],
)
def test_preview_that_gets_no_token_says_why(
    page: Page, browser: Browser, server: LiveServer, status: int, code: str, words: str
) -> None:
    with live_room(browser, server) as room_id:
        open_room(page, server, room_id)
        refuse_tokens(page, status, code)

        press(page, "Preview")
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_text("Live now")).to_be_visible()
        page.unroute("**/token")
        press(page, "Preview")

        wait_until_playing(page, element="preview")
        expect(page.get_by_role("alert")).to_be_hidden()


def test_preview_whose_key_is_refused_logs_out(
    page: Page, browser: Browser, server: LiveServer
) -> None:
    with live_room(browser, server) as room_id:
        open_room(page, server, room_id)
        refuse_tokens(page, 401, "api_key_invalid")

        press(page, "Preview")

        expect(page.get_by_role("alert")).to_contain_text("This API key is not valid any more")
        expect(page.get_by_label("API key")).to_be_focused()


def test_peer_that_never_connected_goes_from_the_list(
    page: Page, browser: Browser, server: LiveServer
) -> None:
    room = server.create_room()
    token = room["tokens"]["publish"]
    with browser.new_context() as context:
        session_id = open_page(context, server).evaluate(JOIN_ONLY, token)
    open_room(page, server, room["id"])
    peers = page.get_by_role("region", name="Peers")
    expect(peers).to_contain_text("connecting")

    page.get_by_role("button", name=re.compile("Kick", re.I)).click()
    server.request("DELETE", f"/sfu/sessions/{session_id}", bearer=token)
    confirm(page, "Kick")

    expect(page.get_by_role("alert")).to_contain_text("That is gone already")
    expect(peers).to_contain_text("Nobody is in.")


def test_page_reconnects_by_itself_after_a_restart(
    page: Page, browser: Browser, own_server: LiveServer
) -> None:
    server = own_server
    with live_room(browser, server) as room_id:
        open_room(page, server, room_id)

        assert server.stop() == 0
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        press(page, "Delete room")
        page.get_by_role("dialog").get_by_role("button", name="Delete room").click()
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        server.start()

        expect(page.get_by_text("Up to date")).to_be_visible(timeout=15_000)
        expect(page.get_by_role("alert")).to_be_hidden()
        # The publisher has come back as well, and is shown.
        expect(page.get_by_text("Live now")).to_be_visible(timeout=15_000)


def test_plots_begin_with_what_the_server_remembers(page: Page, server: LiveServer) -> None:
    def plot(known: str) -> Locator:
        words = rf"Viewers in the last ten minutes(, of which ({known}\ss|\d+\smin) are known)?:"
        return page.get_by_role("img", name=re.compile(words))

    log_in(page, server)
    # Later only if the server was just started, and has little to remember.
    expect(plot(r"[2-5]\d")).to_be_visible(timeout=30_000)

    page.reload()

    # More than the page itself can know.
    expect(plot(r"([89]|[1-5]\d)")).to_be_visible(timeout=5_000)


def test_keys_are_listed_again_after_a_restart(page: Page, own_server: LiveServer) -> None:
    log_in(page, own_server)
    page.get_by_role("link", name="API keys").click()
    expect(page.get_by_text("bootstrap", exact=True)).to_be_visible()
    assert own_server.stop() == 0

    Store(own_server.data_dir).keys.create("a shop")
    own_server.start()

    expect(page.get_by_text("a shop", exact=True)).to_be_visible(timeout=15_000)
