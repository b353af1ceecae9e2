"""docs/errors.md: what each code means, from the code that uses it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import liverelay
from liverelay.errors import ErrorCode

_HEADS = Path(__file__).parent / "heads"
_SDK_ERRORS = Path(liverelay.__file__).parent / "sdk_js" / "src" / "errors.js"


def sdk_codes() -> list[str]:
    """Return the codes that the SDK's errors can have, in the order of their type."""
    typedef = _SDK_ERRORS.read_text("utf-8").partition("LiveRelayErrorCode")[0]
    return re.findall(r"'(\w+)'", typedef.rpartition("@typedef")[2])


def sdk_code_of_server_code() -> dict[str, str]:
    """Return the SDK's table; a server code that is not in it is a SERVER_ERROR there."""
    table = _SDK_ERRORS.read_text("utf-8").partition("new Map([")[2].partition("]);")[0]
    return dict(re.findall(r"\['(\w+)', '(\w+)'\]", table))


def render_errors() -> str:
    texts = tomllib.loads((_HEADS / "errors.toml").read_text("utf-8"))
    mapping = sdk_code_of_server_code()
    lines = [
        "## Of the server",
        "",
        "| code | status | in the SDK | cause | what to do |",
    ]
    lines.append("|---|---|---|---|---|")
    for code in ErrorCode:
        text, sdk = texts["server"][code.value], mapping.get(code.value, "SERVER_ERROR")
        lines.append(
            f"| `{code.value}` | {code.status} | `{sdk}` "
            f"| *{code.message}.* {text['cause']} | {text['remedy']} |"
        )
    lines += ["", "## Of the SDK", "", "| code | cause | what to do |", "|---|---|---|"]
    for name in sdk_codes():
        text = texts["sdk"][name]
        lines.append(f"| `{name}` | {text['cause']} | {text['remedy']} |")
    return (_HEADS / "errors.md").read_text("utf-8") + "\n".join(lines) + "\n"
