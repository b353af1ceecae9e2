from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.server.documentation.manual import Manual, served_at

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = """# Manual

## Start

- [Begin here](start.md) — the first page.
- [Then this](next.md) — the second.

## Understand

- [Security](../SECURITY.md) — what is bounded.
"""

START = """# Begin & go

[on](next.md#far) [safe](../SECURITY.md) [out](../tests)

## Far

Away.
"""


@pytest.fixture
def manual(tmp_path: Path) -> Manual:
    docs = tmp_path / "docs"
    (docs / "adr").mkdir(parents=True)
    (docs / "README.md").write_text(CONTENTS)
    (docs / "start.md").write_text(START)
    (docs / "next.md").write_text("# Then\n\n![chart](chart.png)\n")
    (docs / "chart.png").write_bytes(b"")
    (docs / "adr" / "001-why.md").write_text("# 001: Why\n\nAs [said](../start.md).\n")
    (tmp_path / "SECURITY.md").write_text("# Security\n\n[Begin](docs/start.md)\n")
    return Manual(tmp_path)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("docs/README.md", ""),
        ("docs/sdk.md", "sdk"),
        ("docs/adr/README.md", "adr/"),
        ("docs/adr/001-why.md", "adr/001-why"),
        ("docs/images/a.png", "images/a.png"),
        ("SECURITY.md", "security"),
    ],
)
def test_each_file_has_an_address(path: str, address: str) -> None:
    assert served_at(path) == address


def test_pages_are_found_in_the_directory_and_beside_it(manual: Manual) -> None:
    assert manual.paths() == [
        "docs/README.md",
        "docs/adr/001-why.md",
        "docs/next.md",
        "docs/start.md",
        "SECURITY.md",
    ]
    assert manual.attachments() == ["docs/chart.png"]


def test_contents_are_read_from_the_first_page(manual: Manual) -> None:
    titles = {group: [entry.path for entry in rows] for group, rows in manual.groups().items()}

    assert titles == {
        "Start": ["docs/start.md", "docs/next.md"],
        "Understand": ["SECURITY.md"],
    }


def test_links_between_files_become_links_between_pages(manual: Manual) -> None:
    html = manual.render("docs/start.md")

    assert '<a href="next#far">on</a> <a href="security">safe</a> out' in html


def test_links_hold_from_a_page_further_down_and_from_the_root(manual: Manual) -> None:
    assert '<a href="../start">said</a>' in manual.render("docs/adr/001-why.md")
    assert 'href="../assets/docs.css"' in manual.render("docs/adr/001-why.md")
    assert '<a href="start">Begin</a>' in manual.render("SECURITY.md")


def test_page_says_where_it_is(manual: Manual) -> None:
    html = manual.render("docs/start.md")

    assert "<title>Begin &amp; go · LiveRelay</title>" in html
    assert '<a href="start" aria-current="page">Begin here</a>' in html
    assert '<li><a href="#far">Far</a></li>' in html


def test_page_leads_to_those_before_and_after_it(manual: Manual) -> None:
    html = manual.render("docs/next.md")

    assert '<a rel="prev" href="start">Begin here</a>' in html
    assert '<a rel="next" href="security">Security</a>' in html


def test_page_that_is_not_in_the_contents_has_no_neighbours(manual: Manual) -> None:
    assert 'rel="next"' not in manual.render("docs/adr/001-why.md")


def test_search_index_has_each_section(manual: Manual) -> None:
    found = {row["url"]: row for row in manual.search_index()}

    assert found["start#far"] == {
        "url": "start#far",
        "page": "Begin & go",
        "heading": "Far",
        "text": "Away.",
    }
    assert found["adr/001-why"]["text"] == "As said."
    assert list(found)[:2] == ["start", "start#far"]
