"""The places in the documentation that measurements write to."""

from __future__ import annotations

_BEGIN = "<!-- {}: `{}` writes from here -->"
_END = "<!-- {}: to here -->"


def replaced(text: str, block: str, command: str, content: str) -> str | None:
    """Return a page's text with `content` between the markers; None if it has no such place."""
    begin, end = _BEGIN.format(block, command), _END.format(block)
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    return f"{before}{begin}\n\n{content}\n{end}{after}" if found else None
