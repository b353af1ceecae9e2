"""The documentation as the server has it: whole, by itself, and with links that lead somewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

import pytest
from typing_extensions import override

from liverelay.server.documentation.manual import Manual, find_root, served_at

if TYPE_CHECKING:
    from tests.support.server import Answer, Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

MANUAL = Manual(Path(__file__).parents[2])
PAGES = [served_at(path) for path in MANUAL.paths()]
DASHBOARD = "/"
ATTACHMENTS = {f"/docs/{served_at(path)}" for path in MANUAL.attachments()}


class Reader(HTMLParser):
    """What a page refers to, what can be referred to in it, and what a strict policy forbids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.assets: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            (self.links if tag == "a" else self.assets).append(given["href"])
        if "src" in given:
            self.assets.append(given["src"])
        bare = tag == "style" or (tag == "script" and "src" not in given)
        if bare or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(self.get_starttag_text() or tag)


async def read(api: Api, page: str) -> tuple[Answer, Reader]:
    answer = await api.request("GET", f"/docs/{page}", auth=None)
    assert answer.status == 200
    return answer, Reader(answer.body.decode())


def leads_somewhere(address: str, readers: dict[str, Reader]) -> bool:
    page, anchor = urldefrag(address)
    if page in readers:
        return not anchor or anchor in readers[page].ids
    return page in {*ATTACHMENTS, DASHBOARD}


async def test_the_documentation_of_a_checkout_is_the_repositorys() -> None:
    assert find_root() == Path(__file__).parents[2]


async def test_each_page_needs_nothing_from_elsewhere(api: Api) -> None:
    for page in PAGES:
        answer, reader = await read(api, page)

        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert reader.inline == []
        assert len(reader.ids) == len(set(reader.ids))
        for asset in reader.assets:
            found = await api.request("GET", urljoin(f"/docs/{page}", asset), auth=None)
            assert (asset, found.status) == (asset, 200)


async def test_each_attachment_is_served(api: Api) -> None:
    answers = [await api.request("GET", address, auth=None) for address in sorted(ATTACHMENTS)]

    assert {answer.status for answer in answers} == {200}


async def test_each_link_leads_to_a_page_and_to_a_place_in_it(api: Api) -> None:
    readers = {f"/docs/{page}": (await read(api, page))[1] for page in PAGES}

    dead = [
        (address, link)
        for address, reader in readers.items()
        for link in reader.links
        if "://" not in link and not leads_somewhere(urljoin(address, link), readers)
    ]

    assert dead == []


async def test_the_search_leads_to_places_that_exist(api: Api) -> None:
    readers = {f"/docs/{page}": (await read(api, page))[1] for page in PAGES}

    rows = (await api.request("GET", "/docs/search.json", auth=None)).json

    addresses = [f"/docs/{row['url']}" for row in rows]
    assert len(set(addresses)) == len(addresses) > 100
    assert [found for found in addresses if not leads_somewhere(found, readers)] == []


async def test_address_without_a_slash_leads_to_the_documentation(api: Api) -> None:
    answer = await api.request("GET", "/docs", auth=None, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (308, "docs/")


async def test_page_that_does_not_exist_is_not_found(api: Api) -> None:
    answer = await api.request("GET", "/docs/../pyproject.toml", auth=None)

    assert answer.code == "not_found"


async def test_page_is_rendered_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = await read(api, "sdk")

    monkeypatch.setattr(Manual, "render", lambda *_: pytest.fail("rendered again"))
    second, _ = await read(api, "sdk")

    assert second.body == first.body
