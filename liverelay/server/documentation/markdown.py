"""Markdown to HTML, with anchors at headings and colours in code.

Loaded with the first page that is asked for, in a thread: markdown-it and Pygments together take
longer to import than all else that the server does before it listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from liverelay.server.documentation.sections import Anchors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def render(markdown: str, resolve_link: Callable[[str], str | None]) -> str:
    """Return the HTML of a page.

    `resolve_link` is given each link as it is written and returns where it leads from this page; at
    None, which is a file that is not part of the documentation, the text alone remains.
    """
    parser = MarkdownIt("commonmark", {"highlight": _highlight}).enable("table")
    tokens = [token for token in parser.parse(markdown) if not _is_comment(token)]
    _add_anchors(tokens)
    tokens = [around for token in tokens for around in _prepare(token)]
    for token in tokens:
        if token.children:
            token.children = list(_resolve(token.children, resolve_link))
    return str(parser.renderer.render(tokens, parser.options, {}))


def _is_comment(token: Token) -> bool:
    return token.type == "html_block" and token.content.lstrip().startswith("<!--")


def _add_anchors(tokens: Sequence[Token]) -> None:
    """Give each heading below the title an id, and a link to itself behind its text."""
    anchors = Anchors()
    for opening, inline in zip(tokens, tokens[1:], strict=False):
        if opening.type != "heading_open":
            continue
        anchor = anchors.name(inline.content)
        opening.attrSet("id", anchor)
        if opening.tag != "h1" and inline.children is not None:
            html = f' <a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
            inline.children.append(Token("html_inline", "", 0, content=html))


def _resolve(tokens: Sequence[Token], resolve_link: Callable[[str], str | None]) -> Sequence[Token]:
    resolved = []
    dropped = False
    for token in tokens:
        if token.type == "link_close" and dropped:
            dropped = False
            continue
        attribute = {"link_open": "href", "image": "src"}.get(token.type)
        if attribute is not None:
            target = resolve_link(str(token.attrs[attribute]))
            if target is None and token.type == "link_open":
                dropped = True
                continue
            token.attrSet(attribute, target or "")
        resolved.append(token)
    return resolved


def _highlight(code: str, language: str, _attributes: str) -> str:
    """Return code with the spans of Pygments, whose classes are in text.css, if it knows any."""
    try:
        shown = highlight(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True))
    except ClassNotFound:
        shown = escapeHtml(code)
    # In the order of the Tab key, because long lines scroll.
    return f'<pre tabindex="0"><code>{shown}</code></pre>'


def _prepare(token: Token) -> list[Token]:
    """Let what is wide scroll in itself, also by keyboard; align by classes, not by styles."""
    if (style := token.attrs.pop("style", None)) is not None:
        token.attrSet("class", str(style).removeprefix("text-align:"))
    if token.type == "code_block":
        token.attrSet("tabindex", "0")
    if token.type == "table_open":
        html = '<div class="table" tabindex="0" role="group" aria-label="Table">'
        return [Token("html_block", "", 0, content=html), token]
    if token.type == "table_close":
        return [token, Token("html_block", "", 0, content="</div>\n")]
    return [token]
