from __future__ import annotations

import pytest

from liverelay.server.documentation.sections import Anchors, plain_text, split_sections

PAGE = """<!-- made by hand -->
# The title

First words.

## Install

```sh
# no heading
make
```

### With `pipx`

Done.

## Install

Again.
"""


def test_a_page_is_cut_at_its_headings() -> None:
    sections = split_sections(PAGE)

    assert [(section.level, section.heading) for section in sections] == [
        (1, "The title"),
        (2, "Install"),
        (3, "With `pipx`"),
        (2, "Install"),
    ]
    assert sections[0].text == "First words."


def test_code_is_no_heading() -> None:
    assert "# no heading" in split_sections(PAGE)[1].text


def test_what_stands_before_the_first_heading_is_left_out() -> None:
    assert [section.text for section in split_sections("stray\n# Title\ntext")] == ["text"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Lost connections", "lost-connections"),
        ("`POST /v1/rooms` — create a room", "post-v1rooms--create-a-room"),
        ("Who is there?", "who-is-there"),
        ("udp_port", "udp_port"),
        ("Pages of other sites (CORS)", "pages-of-other-sites-cors"),
    ],
)
def test_anchor_is_the_one_that_other_viewers_of_markdown_give(heading: str, anchor: str) -> None:
    assert Anchors().name(heading) == anchor


def test_equal_headings_are_numbered() -> None:
    anchors = Anchors()

    assert [anchors.name("Limits") for _ in range(3)] == ["limits", "limits-1", "limits-2"]


def test_plain_text_has_the_words_alone() -> None:
    markdown = "## A *good* [link](sdk.md#x) ![picture](a.png)\n\n| `a_b` | c |\n|---|---:|\n"
    code = "```sh\nliverelay serve\n```"

    assert plain_text(markdown + code) == "A good link picture a_b c liverelay serve"
