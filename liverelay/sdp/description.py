"""A session description as lines: bounded, split into its sections, nothing understood yet.

Whatever passes here may be echoed into an answer: no control character does, and every line is
an SDP line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liverelay.errors import SdpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The HTTP body's own limit; the largest offers of browsers are some 20 KiB.
MAX_DESCRIPTION_SIZE: Final = 256 * 1024
# A browser offer with every codec, simulcast and candidates of ten interfaces has under 500.
MAX_LINES: Final = 4000
# Two carry media, one data; those that a long-lived page has stopped stay in its offers.
MAX_SECTIONS: Final = 64

_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f]")

# How much of a wrong line an error message repeats.
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Attributes:
    """The `a=` lines of the session or of one section: all values by name, in their order."""

    values: Mapping[str, tuple[str, ...]]

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def has(self, name: str) -> bool:
        return name in self.values


@dataclass(frozen=True, slots=True)
class MediaLine:
    """The `m=` line of one section with its attributes."""

    media: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Description:
    """A whole session description."""

    attributes: Attributes
    sections: tuple[MediaLine, ...]


def split_description(text: str) -> Description:
    """Return the lines of `text` in their sections.

    Raises:
        SdpError: It is too large or not a session description.
    """
    session: list[str] = []
    sections: list[tuple[str, list[str]]] = []
    for line in _lines(text):
        if line.startswith("m="):
            sections.append((line[2:], []))
        elif line.startswith("a="):
            (sections[-1][1] if sections else session).append(line[2:])
    if len(sections) > MAX_SECTIONS:
        raise SdpError(f"The offer has more than {MAX_SECTIONS} sections")
    return Description(
        _attributes(session),
        tuple(_media_line(line, _attributes(attributes)) for line, attributes in sections),
    )


def parse_number(text: str, maximum: int, what: str) -> int:
    """Return `text` as a number of 0 to `maximum`; `what` names it in the error.

    Raises:
        SdpError: It is anything else.
    """
    # int() alone would take signs, underscores, spaces and every script's digits.
    if text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= maximum:
        return int(text)
    raise SdpError(f"The offer is malformed: {shown(text)} is not {what}")


def shown(text: str) -> str:
    """Return peer text shortened and quoted for an error message."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _lines(text: str) -> Iterator[str]:
    try:
        too_large = len(text.encode()) > MAX_DESCRIPTION_SIZE
    except UnicodeEncodeError:
        raise SdpError("The offer has characters that are not text") from None
    if too_large:
        raise SdpError(f"The offer is larger than {MAX_DESCRIPTION_SIZE // 1024} KiB")
    # Not splitlines(): that also splits at characters that SDP allows inside a line.
    lines = text.split("\n")
    if lines[0].strip() != "v=0":
        raise SdpError("The offer does not start with v=0")
    if len(lines) > MAX_LINES:
        raise SdpError(f"The offer has more than {MAX_LINES} lines")
    for number, line in enumerate(lines, start=1):
        # Pion leaves a space at the end of some lines; the carriage return goes with it.
        stripped = line.rstrip(" \t\r")
        if not stripped:
            continue
        if len(stripped) < 2 or stripped[1] != "=" or not stripped[0].isalpha():
            raise SdpError(f"Line {number} is not of the form type=value: {shown(stripped)}")
        if _CONTROL_CHARACTER.search(stripped):
            raise SdpError(f"Line {number} has a control character: {shown(stripped)}")
        yield stripped


def _attributes(lines: list[str]) -> Attributes:
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        values.setdefault(name.strip(), []).append(value.strip())
    return Attributes({name: tuple(entries) for name, entries in values.items()})


def _media_line(line: str, attributes: Attributes) -> MediaLine:
    parts = line.split()
    if len(parts) < 4:
        raise SdpError(f"A media line needs media, port, protocol and format: {shown('m=' + line)}")
    media, port, protocol, *formats = parts
    return MediaLine(
        media,
        parse_number(port.partition("/")[0], 65535, "a port"),
        protocol,
        tuple(formats),
        attributes,
    )
