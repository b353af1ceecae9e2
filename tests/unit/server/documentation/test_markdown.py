from __future__ import annotations

from liverelay.server.documentation.markdown import render


def as_written(link: str) -> str | None:
    return link


def test_heading_has_an_anchor_and_a_link_to_itself() -> None:
    html = render("# Title\n\n## Two words\n", as_written)

    assert '<h1 id="title">Title</h1>' in html
    assert '<h2 id="two-words">Two words <a class="anchor" href="#two-words"' in html


def test_link_leads_where_it_is_resolved_to() -> None:
    html = render("[the SDK](sdk.md) ![chart](a.png)", {"sdk.md": "../sdk", "a.png": "b.png"}.get)

    assert '<a href="../sdk">the SDK</a>' in html
    assert '<img src="b.png" alt="chart"' in html


def test_link_to_nowhere_leaves_its_text() -> None:
    html = render("see [`Dockerfile`](../Dockerfile) and [that](that.md)", {"that.md": "that"}.get)

    assert html == '<p>see <code>Dockerfile</code> and <a href="that">that</a></p>\n'


def test_comment_is_left_out() -> None:
    assert render("<!-- Generated -->\n\nText.\n", as_written) == "<p>Text.</p>\n"


def test_code_of_a_known_language_is_coloured() -> None:
    html = render("```js\nconst a = 1; // <one>\n```\n", as_written)

    assert '<code><span class="kd">const</span>' in html
    assert "&lt;one&gt;" in html


def test_code_of_an_unknown_language_is_escaped() -> None:
    html = render("```nonsense\n<script>\n```\n", as_written)

    assert html == '<pre tabindex="0"><code>&lt;script&gt;\n</code></pre>\n'


def test_indented_code_can_be_scrolled_by_keyboard() -> None:
    assert render("    a long line\n", as_written).startswith('<pre tabindex="0"><code>a long')


def test_wide_table_scrolls_in_itself() -> None:
    html = render("| a |\n|---|\n| b |\n", as_written)

    assert html.startswith('<div class="table" tabindex="0"')
    assert html.endswith("</table>\n</div>\n")


def test_column_is_aligned_without_an_inline_style() -> None:
    html = render("| a |\n|---:|\n| b |\n", as_written)

    assert '<th class="right">a</th>' in html
    assert "style" not in html
