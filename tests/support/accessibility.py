"""What axe, a checker of accessibility, says of a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import liverelay

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = Path(liverelay.__file__).parent / "sdk_js" / "node_modules" / "axe-core" / "axe.min.js"

_COMPLAINTS = """async () => {
  const { violations } = await axe.run();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}"""

needs_axe = pytest.mark.skipif(
    not _AXE.exists(), reason="the SDK's development tools are not installed (make dev)"
)


def complaints(page: Page) -> list[str]:
    """Return each rule that the page breaks as it stands, with the elements that do."""
    page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_COMPLAINTS)
    return found


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
