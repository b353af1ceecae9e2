"""What axe, a checker of accessibility, says of a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

import liverelay

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = Path(liverelay.__file__).parent / "sdk_js" / "node_modules" / "axe-core" / "axe.min.js"

_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

_COMPLAINTS = """async () => {
  const { violations } = await axe.run();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}"""

needs_axe = pytest.mark.skipif(
    not _AXE.exists(), reason="the SDK's development tools are not installed (make dev)"
)


def complaints(page: Page) -> list[str]:
    """Return each rule that the page breaks as it stands, with the elements that do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_COMPLAINTS)
    return found


def complaints_by_scheme(page: Page) -> dict[str, list[str]]:
    """Return what is wrong with the page as it stands, light and dark; empty if nothing is.

    That it has to be scrolled sideways is wrong, too. Without axe, which is a development tool of
    the SDK, that is all that is looked at. Nothing is looked at while it fades.
    """
    found: dict[str, list[str]] = {}
    for scheme in _SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found[scheme] = complaints(page) if _AXE.exists() else []
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[scheme].append("it has to be scrolled sideways")
    return {scheme: said for scheme, said in found.items() if said}


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has this name; fail once it has gone round."""
    seen: list[str] = []
    while name not in seen:
        page.keyboard.press("Tab")
        reached = page.evaluate(
            """() => {
              const { activeElement: on } = document;
              return on.labels?.[0]?.textContent ?? on.textContent;
            }"""
        ).strip()
        assert seen.count(reached) < 2, f"no way to {name!r} in {seen}"
        seen.append(reached)
