"""The pages are CommonMark and tables, and each piece of code in them has a test that shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.generate import pages
from tests.support.snippets import PAGES, ROOT, all_snippets, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from markdown_it.token import Token

# What some viewers make something of and CommonMark does not: footnotes and notes, boxes, text that
# is struck through, attributes, blocks, formulas, and addresses that are no links.
EXTENSIONS = re.compile(r"\[\^|\[!|\[[ x]\] |~~|\{#|^:::|\$\$|https?://", re.MULTILINE)

# Which test takes the code of a language, on all pages or on some.
TESTS = {
    "sh": {"*": "tests/docs/test_commands.py"},
    "json": {"*": "tests/docs/test_json.py", "docs/webhooks.md": "tests/docs/test_webhooks.py"},
    "yaml": {
        "docs/install.md": "tests/docs/test_install.py",
        "docs/metrics.md": "tests/integration/test_metrics.py",
    },
    "ts": {
        "docs/sdk.md": "tests/packaging/test_sdk_package.py",
        "docs/http-api.md": "tests/packaging/test_sdk_package.py",
    },
    "js": {
        "docs/quickstart.md": "tests/docs/test_snippets.py",
        "docs/sdk.md": "tests/docs/test_snippets.py",
        "docs/backends.md": "tests/integration/test_backend_examples.py",
        "docs/webhooks.md": "tests/docs/test_webhooks.py",
    },
    "html": {
        "README.md": "tests/docs/test_snippets.py",
        "docs/quickstart.md": "tests/docs/test_snippets.py",
        "docs/sdk.md": "tests/docs/test_snippets.py",
    },
    "python": {
        "docs/backends.md": "tests/integration/test_backend_examples.py",
        "docs/webhooks.md": "tests/docs/test_webhooks.py",
    },
    "http": {"docs/webhooks.md": "tests/docs/test_webhooks.py"},
    "ini": {"docs/install.md": "tests/docs/test_install.py"},
    "nginx": {"docs/deploy.md": "tests/integration/test_proxies.py"},
    "caddy": {"docs/deploy.md": "tests/integration/test_proxies.py"},
}


def flat(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_commonmark_and_tables(page: Path) -> None:
    tokens = list(flat(parse(page)))

    html = [token.content for token in tokens if token.type in {"html_block", "html_inline"}]
    words = [token.content for token in tokens if token.type == "text"]
    assert [each for each in html if not each.startswith("<!-- ")] == []
    assert [each for each in words if EXTENSIONS.search(each)] == []


def code() -> list[tuple[str, str]]:
    """Return the languages of each page: not `text`, which is printed, drawn or typed elsewhere."""
    found = {(each.page, each.language) for each in all_snippets() if each.language != "text"}
    generated = {str(page.relative_to(ROOT)) for page in pages()}
    return sorted((page, language) for page, language in found if page not in generated)


@pytest.mark.parametrize(("page", "language"), code())
def test_code_has_a_test(page: str, language: str) -> None:
    tests = TESTS[language]

    test = (ROOT / tests.get(page, tests.get("*", "missing"))).read_text("utf-8")

    assert (page in test) if page in tests else (f'snippets("{language}"' in test)
