"""The pages and scripts of the documentation, run as they stand in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import (
    PUBLISH,
    open_browser,
    open_page,
    open_playwright,
    wait_until_playing,
)
from tests.support.chromium import CHROMIUM
from tests.support.live_server import running_server
from tests.support.snippets import Snippet, cases, snippets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

QUICK_START, SDK = "docs/quickstart.md", "docs/sdk.md"

# The names that the snippets may use, as docs/sdk.md says. What logging a value tells is kept, and
# the session, to see what became of it.
SCAFFOLD = """async (names) => {
  const { server, publishToken, subscribeToken, callToken } = names;
  const preview = local;
  const logged = [];
  const console = { log: (...values) => logged.push(values.join(' ')) };
  SNIPPET
  return { logged, state: typeof session === 'undefined' ? null : session.state };
}"""


def html_page(title: str) -> str:
    """Return the complete page of the quick start that has this title."""
    pages = [each.text for each in snippets("html", pages=[QUICK_START])]
    (page,) = [page for page in pages if f"<title>{title}</title>" in page]
    return page


def final_state(snippet: str) -> str | None:
    """Return the state in which a snippet leaves its session, if it has one."""
    if "const session" not in snippet:
        return None
    return "disconnected" if "session.close()" in snippet else "connected"


def promised_logs(snippet: str) -> list[str]:
    """Return what the comments behind `console.log` say; a comment in quotes is a string."""
    promised = re.findall(r"console\.log\(.*\); // ('?)([\w. ]+)\1$", snippet, re.MULTILINE)
    return [value for _, value in promised if value != "for people"]


def run_shell(server: LiveServer, snippet: str) -> str:
    """Run a snippet as it stands, with the two variables that the quick start sets."""
    done = subprocess.run(
        ["sh", "-eu", "-c", snippet],
        env={**os.environ, "SERVER": server.url, "KEY": server.key},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed (Debian: apt-get install chromium)")
    with open_playwright() as playwright, open_browser(playwright) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    data_dir = tmp_path_factory.mktemp("store")
    with running_server(data_dir, "--public-address", "127.0.0.1") as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture(scope="module")
def names(server: LiveServer, browser: Browser) -> Iterator[dict[str, str]]:
    """What the snippets name; somebody is live in the room of the subscribe token."""
    watched = server.create_room()["tokens"]
    with browser.new_context() as context:
        open_page(context, server).evaluate(PUBLISH, watched["publish"])
        yield {
            "server": server.url,
            "publishToken": server.create_room()["tokens"]["publish"],
            "subscribeToken": watched["subscribe"],
            "callToken": server.create_room("call")["tokens"]["caller"],
        }


@pytest.fixture
def open_html(server: LiveServer, window: BrowserContext) -> Callable[..., Page]:
    """A function that opens a page of the quick start with the tokens filled in."""

    def open_tab(title: str, **filled_in: str) -> Page:
        body = html_page(title).replace("http://localhost:8080", server.url)
        for placeholder, value in filled_in.items():
            assert f"eyJ...{placeholder}" in body
            body = body.replace(f"eyJ...{placeholder}", value)
        page = window.new_page()
        page.route("**/page.html", lambda route: route.fulfill(content_type="text/html", body=body))
        page.goto(f"{server.url}/page.html")
        return page

    return open_tab


@pytest.mark.parametrize("snippet", cases(snippets("js", pages=[QUICK_START, SDK])))
def test_javascript_snippet_runs_and_logs_what_its_comments_say(
    server: LiveServer, window: BrowserContext, names: dict[str, str], snippet: Snippet
) -> None:
    page = open_page(window, server)

    done = page.evaluate(SCAFFOLD.replace("SNIPPET", snippet.text), names)

    assert done["state"] == final_state(snippet.text)
    assert [value for value in promised_logs(snippet.text) if value not in done["logged"]] == []


def test_page_of_a_backend_goes_live(
    server: LiveServer, window: BrowserContext, names: dict[str, str]
) -> None:
    (snippet,) = [each.text for each in snippets("js") if each.heading == "The page"]
    page = open_page(window, server)
    answer = {"publishToken": names["publishToken"]}
    page.route("**/api/go-live", lambda route: route.fulfill(json=answer))

    text = snippet.replace("http://localhost:8080", server.url)
    state = page.evaluate(f"async () => {{ {text} return session.state; }}")

    assert state == "connected"


def test_readme_publishes_and_watches(
    server: LiveServer, window: BrowserContext, names: dict[str, str]
) -> None:
    (html,) = [each.text for each in snippets("html", pages=["README.md"])]
    script = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)[0]
    page = open_page(window, server)

    page.evaluate(
        SCAFFOLD.replace("SNIPPET", script.replace("http://localhost:8080", server.url)), names
    )

    wait_until_playing(page)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_quick_start_leads_to_a_stream(server: LiveServer, open_html: Callable[..., Page]) -> None:
    (create_room,) = [
        each.text for each in snippets("sh", pages=[QUICK_START]) if "broadcast" in each.text
    ]

    tokens = json.loads(run_shell(server, create_room))["tokens"]
    publisher = open_html("Live", publish_token=tokens["publish"])
    wait_until_playing(publisher, element="preview")
    viewer = open_html("Watch", subscribe_token=tokens["subscribe"])

    wait_until_playing(viewer)


@pytest.mark.parametrize("page", ["README.md", QUICK_START])
def test_page_quotes_the_first_lines_of_the_server(server: LiveServer, page: str) -> None:
    quoted = [each.text.splitlines() for each in snippets("text", pages=[page])]

    said = [re.sub(r"127\.0\.0\.1:\d+", "0.0.0.0:8080", line) for line in server.lines[:2]]
    assert [re.sub(r"lr_\w+", "lr_", line) for line in said] in [
        [re.sub(r"lr_\w+", "lr_", line) for line in lines] for lines in quoted
    ]


def test_troubleshooting_quotes_the_warning_of_the_server(server: LiveServer) -> None:
    quoted = [each.text.strip() for each in snippets("text", pages=["docs/troubleshooting.md"])]

    (warning,) = [line for line in server.lines if line.startswith("WARNING Only")]
    assert warning in quoted
