"""The files of the pages: what type they are of, and that nobody gets them twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("/dashboard/", {"text/html"}),
        ("/static/liverelay.js", {"application/javascript", "text/javascript"}),
        ("/docs/assets/docs.css", {"text/css"}),
        ("/docs/assets/icon.svg", {"image/svg+xml"}),
        ("/docs/performance.png", {"image/png"}),
    ],
)
async def test_file_is_sent_as_what_it_is(api: Api, path: str, types: set[str]) -> None:
    answer = await api.request("GET", path, auth=None)
    head = await api.request("HEAD", path, auth=None)

    assert answer.status == 200
    assert answer.headers["Content-Type"] in types
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.body))


async def test_file_that_a_client_has_is_not_sent_again(api: Api) -> None:
    path = "/static/liverelay.js"
    known = (await api.request("GET", path)).headers["ETag"]

    same = await api.request("GET", path, headers={"If-None-Match": known})
    other = await api.request("GET", path, headers={"If-None-Match": '"another"'})

    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", known)
    assert (other.status, other.headers["ETag"]) == (200, known)
