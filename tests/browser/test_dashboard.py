"""Everything that can be done on the dashboard, on a desk and on a phone, light and dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import jwt
import pytest
from playwright.sync_api import expect

from tests.support.accessibility import complaints_by_scheme
from tests.support.browser import press, wait_until_playing
from tests.support.dashboard import (
    LOOKS,
    confirm,
    live_room,
    log_in,
    open_room,
    open_window,
    watching,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def tokens_of(server: LiveServer, link: str) -> dict[str, list[tuple[str, str, int]]]:
    """Return the page that a link leads to, and role, room and lifetime of the tokens in it."""
    page, _, parameters = link.removeprefix(f"{server.url}/examples/").partition("#")
    claims = [
        jwt.decode(token, options={"verify_signature": False}) for _, token in parse_qsl(parameters)
    ]
    return {page: [(of["role"], of["room_id"], of["exp"] - of["iat"]) for of in claims]}


@pytest.fixture(scope="module")
def live(browser: Browser, server: LiveServer) -> Iterator[str]:
    """The id of a room to which somebody publishes, while somebody watches."""
    with live_room(browser, server) as room_id, watching(browser, server, room_id):
        yield room_id


@pytest.fixture(params=LOOKS, ids=["light-desk", "dark-phone"])
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with open_window(browser, request.param) as context:
        yield context


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page that, as the test leaves it, has to be fine in both colour schemes."""
    opened = window.new_page()
    yield opened
    assert complaints_by_scheme(opened) == {}


def test_rooms_show_what_is_live_as_it_changes(page: Page, server: LiveServer, live: str) -> None:
    log_in(page, server)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=live[:8]))

    expect(row.get_by_text("Live", exact=True)).to_be_visible()
    expect(row).to_contain_text("VP8 · opus · live for")
    rate = r"\s*[1-9][\d.]*\s[kM]bit/s\s*"
    figures = rf"Publishers\s*1\s*Viewers\s*1\s*Inbound{rate}Outbound{rate}Loss\s*[\d.<]+\s%"
    expect(row).to_contain_text(re.compile(figures), timeout=10_000)
    made = server.create_room("call")["id"]
    expect(page.get_by_role("link", name=made[:8])).to_be_visible()
    server.request("DELETE", f"/v1/rooms/{made}")
    expect(page.get_by_role("link", name=made[:8])).to_be_hidden()


def test_room_is_found_among_many(page: Page, server: LiveServer, live: str) -> None:
    # Other files of this process have left rooms of theirs.
    for room in server.request("GET", "/v1/rooms")[1]:
        if room["room_id"] != live:
            server.request("DELETE", f"/v1/rooms/{room['room_id']}")
    rooms = [server.create_room()["id"] for _ in range(12)]
    log_in(page, server)

    page.get_by_label("Find a room").fill(rooms[0].upper())

    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("link", name=rooms[0][:8])).to_be_visible()
    page.get_by_label("Find a room").fill("nothing of this kind")
    expect(page.get_by_text("No room matches.")).to_be_visible()
    page.get_by_label("Find a room").fill("")
    expect(page.get_by_role("link", name=rooms[1][:8])).to_be_visible()
    for room_id in rooms:
        server.request("DELETE", f"/v1/rooms/{room_id}")
    expect(page.get_by_label("Find a room")).to_be_hidden()


def test_address_that_means_nothing_leads_to_the_rooms(page: Page, server: LiveServer) -> None:
    log_in(page, server)

    page.goto(f"{server.url}/dashboard/#/nothing-of-this-kind")

    current = page.get_by_role("navigation", name="Main").locator("[aria-current=page]")
    expect(current).to_have_text("Rooms")


def test_room_shows_its_streams_and_plots(page: Page, server: LiveServer, live: str) -> None:
    open_room(page, server, live)

    streams = page.get_by_role("region", name="Published streams")
    expect(streams).to_contain_text("VP8")
    expect(streams).to_contain_text("640×480")
    expect(streams).to_contain_text("opus")
    rate = r"[1-9][\d.]*\s[kM]bit/s"
    for name, value in (("Viewers", "1"), ("Inbound", rate), ("Outbound", rate)):
        plot = page.get_by_role("figure").filter(has_text=re.compile(rf"{name}\s*{value}"))
        picture = plot.get_by_role("img", name=f"{name} in the last ten minutes, of which")
        expect(picture.locator("polyline")).to_have_attribute("points", re.compile(r"\d"))
    page.get_by_text("Table").nth(1).click()
    expect(page.get_by_role("table")).to_contain_text(re.compile(r"now\s*[1-9][\d.]*\s[kM]bit/s"))


def test_new_broadcast_leads_to_a_stream(
    page: Page, window: BrowserContext, server: LiveServer
) -> None:
    log_in(page, server)
    press(page, "New broadcast")
    with window.expect_page() as opened:
        links = page.get_by_role("list", name="Links made here").get_by_role("listitem")
        links.filter(has_text="Publish").get_by_role("link", name="Open").click()
    press(opened.value, "Turn on camera and microphone")
    press(opened.value, "Go live")
    expect(page.get_by_text("Live now")).to_be_visible()
    viewer = window.new_page()

    viewer.goto(page.get_by_label("Watch", exact=True).input_value())

    wait_until_playing(viewer)


def test_going_live_from_here_and_previewing_it(page: Page, server: LiveServer) -> None:
    open_room(page, server, server.create_room()["id"])

    press(page, "Go live with camera")
    bar = page.get_by_role("region", name="Live from this browser")
    expect(bar).to_contain_text("You are live")
    press(page, "Preview")
    wait_until_playing(page, element="preview")
    assert page.evaluate("document.getElementById('preview').muted") is True
    press(page, "Stop preview")
    page.get_by_role("link", name="All rooms").click()
    press(page, "Stop")

    expect(bar).to_be_hidden()


def test_being_kicked_while_live_from_here_is_told(page: Page, server: LiveServer) -> None:
    room_id = server.create_room()["id"]
    open_room(page, server, room_id)
    press(page, "Go live with camera")
    expect(page.get_by_text("You are live", exact=True)).to_be_visible()

    server.request("DELETE", f"/v1/rooms/{room_id}")

    expect(page.get_by_role("alert")).to_contain_text("You are not live any more")


def test_screen_is_shared_from_here(page: Page, server: LiveServer) -> None:
    open_room(page, server, server.create_room()["id"])

    press(page, "Share screen")

    expect(
        page.get_by_text("Live now").or_(page.get_by_text("You are live", exact=True))
    ).to_be_visible()
    press(page, "Stop")


def test_links_and_tokens_are_made_and_copied(page: Page, server: LiveServer, live: str) -> None:
    open_room(page, server, live)
    page.get_by_label("Works for").select_option("1 hour")

    press(page, "Create link")
    press(page, "Copy link")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.get_by_label("Watch", exact=True).input_value()
    press(page, "Copy token")
    page.wait_for_function(
        "async link => link.endsWith(await navigator.clipboard.readText())", arg=link
    )
    page.get_by_label("What for").select_option("Publish")
    press(page, "Create link")
    publish = page.get_by_label("Publish", exact=True).input_value()
    call_id = server.create_room("call")["id"]
    page.evaluate("id => (location.hash = `#/rooms/${id}`)", call_id)
    press(page, "Create link")
    call = page.get_by_label("Call", exact=True).input_value()

    assert tokens_of(server, link) == {"watch.html": [("subscribe", live, 3600)]}
    assert tokens_of(server, publish) == {
        "publish.html": [("publish", live, 3600), ("subscribe", live, 3600)]
    }
    assert tokens_of(server, call) == {"call.html": [("call", call_id, 86400)]}


def test_peers_are_seen_with_what_they_send_and_get_and_are_kicked(
    page: Page, browser: Browser, server: LiveServer
) -> None:
    with (
        live_room(browser, server, layers=True) as room_id,
        watching(browser, server, room_id) as viewer,
    ):
        open_room(page, server, room_id)
        peers = page.get_by_role("region", name="Peers").get_by_role("listitem")
        watches = peers.filter(has_text="Viewer")
        rate, size, loss = r"[1-9][\d.]*\s[kM]bit/s", r"\d+×\d+", r"loss\s\d"
        layer, dot = rf"{size},\slayer\s[qhf]", r"\s·\s"
        sends = re.compile(rf"Publisher.*in\sfor.*sends\s{rate}{dot}{size}{dot}{loss}")
        gets = re.compile(rf"Viewer.*in\sfor.*gets\s{rate}{dot}{layer}{dot}{loss}.*round\strip")
        expect(peers.filter(has_text=sends).first).to_be_visible(timeout=10_000)
        expect(peers.filter(has_text=gets).first).to_be_visible(timeout=10_000)
        expect(page.get_by_text(re.compile(rf"Forwarded: {layer}\sto\s1"))).to_be_visible()
        streams = page.get_by_role("region", name="Published streams").get_by_role("listitem")
        expect(streams.filter(has_text="Video, layer q")).to_contain_text(re.compile(size))

        page.get_by_role("button", name=re.compile("Kick viewer", re.I)).click()
        expect(page.get_by_role("dialog")).to_contain_text("Its session ends at once.")
        confirm(page, "Kick")
        expect(page.get_by_role("region", name="Peers")).to_be_focused()
        expect(watches).to_have_count(0)
        viewer.wait_for_function("states.at(-1) === 'failed'")
        page.get_by_role("button", name=re.compile("Kick publisher", re.I)).click()
        confirm(page, "Kick")

        expect(page.get_by_text("Nobody is live", exact=True)).to_be_visible()
        expect(page.get_by_text("Nobody is in.")).to_be_visible()


def test_question_that_is_asked_again_at_once_is_answered(page: Page, server: LiveServer) -> None:
    log_in(page, server)
    press(page, "New call")
    press(page, "Delete room")

    # As somebody does who is quick with the keyboard: the page hears a moment later that it closed.
    ask = page.locator("main button", has_text="Delete room").element_handle()
    cancel = page.get_by_role("button", name="Cancel")
    cancel.evaluate("(cancel, ask) => { cancel.click(); ask.click(); }", ask)
    confirm(page, "Delete room")

    expect(page.get_by_role("status").filter(has_text="is deleted")).to_be_visible()


def test_room_is_deleted_after_a_question(page: Page, server: LiveServer) -> None:
    room_id = server.create_room()["id"]
    open_room(page, server, room_id)

    press(page, "Delete room")
    confirm(page, "Cancel")
    assert server.request("GET", f"/v1/rooms/{room_id}")[0] == 200
    press(page, "Delete room")
    confirm(page, "Delete room")

    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    assert server.request("GET", f"/v1/rooms/{room_id}")[0] == 404


def test_key_is_made_shown_once_and_revoked(page: Page, server: LiveServer) -> None:
    log_in(page, server)
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("What is the new key for?").fill("a shop")
    press(page, "Create key")
    key = page.get_by_label("New API key").input_value()
    press(page, "Copy key")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert server.request("GET", "/v1/rooms", bearer=key)[0] == 200
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_label("New API key")).to_have_value(key)
    page.reload()
    expect(page.get_by_label("New API key")).to_be_hidden()

    page.get_by_role("button", name=f"Revoke a shop ({key[:8]})").click()
    confirm(page, "Revoke key")

    expect(page.get_by_text("a shop", exact=True)).to_be_hidden()
    assert server.request("GET", "/v1/rooms", bearer=key)[0] == 401


def test_server_page_tells_its_health(page: Page, server: LiveServer, live: str) -> None:
    log_in(page, server)

    page.get_by_role("link", name="Server").click()

    warnings = page.get_by_role("region", name="Warnings")
    expect(warnings).to_contain_text("only private or loopback addresses are announced")
    expect(warnings).to_contain_text("Give --tls-cert and --tls-key")
    count = warnings.get_by_role("listitem").count()
    expect(page.get_by_role("link", name=f"Server {count} warnings")).to_be_visible()
    main = page.get_by_role("main")
    for name in ("Version", "CPU", "Memory", "Packets in", "Media at", "Event loop lag"):
        expect(main.get_by_text(name, exact=True)).to_be_visible()
    expect(main).to_contain_text(f"127.0.0.1:{server.port}")
    expect(main).to_contain_text(re.compile(r"Packets in\s*[1-9][\d,]*/s"))
