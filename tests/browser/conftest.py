from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import collect_problems, open_browser, open_page, open_playwright
from tests.support.chromium import CHROMIUM
from tests.support.example_pages import ALLOWED, open_link
from tests.support.live_server import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Playwright

    from tests.support.live_server import LiveServer


# By module, because Playwright's own event loop runs in this thread for as long as it is open, and
# no asynchronous test can run meanwhile.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed (Debian: apt-get install chromium)")
    with open_playwright() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with open_browser(playwright) as opened:
        yield opened


@pytest.fixture(scope="module")
def strict_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser as users have it: it asks before the camera, and plays no sound unasked."""
    with open_browser(playwright, permissive=False) as opened:
        yield opened


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    data_dir = tmp_path_factory.mktemp("store")
    with running_server(data_dir, "--public-address", "127.0.0.1") as running:
        yield running


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of its own, because the common one has other tests' rooms and pages."""
    with running_server(tmp_path, "--public-address", "127.0.0.1") as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser, server: LiveServer) -> Iterator[Callable[..., Page]]:
    """A function that opens the SDK's test page, with a script, in a new tab of one window."""
    context = browser.new_context()
    yield lambda script="": open_page(context, server, script)
    context.close()


@pytest.fixture
def open_example(strict_browser: Browser, server: LiveServer) -> Iterator[Callable[..., Page]]:
    """A function that opens an example page in a new tab, with what its link carries.

    The window's user allows the camera; the pages must not stumble in it.
    """
    context = strict_browser.new_context(permissions=ALLOWED)
    problems = collect_problems(context)
    yield lambda name, **parameters: open_link(context, server, name, **parameters)
    context.close()
    assert problems == []
