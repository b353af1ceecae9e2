"""docs/troubleshooting.md quotes what the server and the SDK really say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import liverelay

PACKAGE = Path(liverelay.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "troubleshooting.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("sdk_js/src/capture.js", "Browsers give cameras only to pages served by https, or from"),
        ("server/media.py", "; is the UDP port open and --public-address right?"),
        ("transport/peer_transport.py", "no connectivity check reached the UDP port"),
    ],
)
def test_quoted_sentence_is_in_the_code(source: str, sentence: str) -> None:
    assert sentence in (PACKAGE / source).read_text("utf-8")
    assert sentence in PAGE


def test_members_that_are_named_are_those_of_the_sdk() -> None:
    types = "".join(path.read_text("utf-8") for path in (PACKAGE / "sdk_js/types").glob("*.d.ts"))

    named = re.findall(r"`(?:session\.)?([a-z]+[A-Z]\w+|stats|error)(?:\(\))?`", PAGE)

    assert {"stats", "isVideoMuted", "packetsLost"} <= set(named)
    assert [name for name in named if not re.search(rf"\b{name}\b", types)] == []
