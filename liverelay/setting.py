"""One setting: what kind of value it holds, and how that is read and checked.

A value that cannot be used raises `ConfigError` with the place it came from, and never shows a
secret.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from liverelay.errors import ConfigError

ENVIRONMENT_PREFIX = "LIVERELAY_"

# RFC 1123 section 2.1: labels of letters, digits and inner hyphens, at most 63 characters each.
_DNS_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/?#\s]+")

# As a header carries it (RFC 6750 section 2.1), and long enough not to be guessed.
_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_ENDPOINT = re.compile(r"(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})")


class Endpoint(NamedTuple):
    """Where to listen; port 0 picks a free one."""

    host: str
    port: int


class Kind(Enum):
    """What a setting holds, and so how its text is read."""

    ADDRESS = "text"
    INTEGER = "integer"
    PATH = "path"
    LIST = "list"
    CHOICE = "choice"
    ENDPOINT = "host:port"
    SECRET = "secret"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as its sources see it; `default` is what `Settings()` has."""

    name: str
    kind: Kind
    default: Any
    help: str
    metavar: str
    minimum: int | None
    maximum: int | None
    choices: type[StrEnum] | None

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def environment(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def default_text(self) -> str:
        """The default as the reference shows it; empty if the setting is simply not set."""
        if self.name == "data_dir":
            return "the user's data directory"
        if self.default is None:
            return ""
        if self.kind is Kind.LIST:
            return ", ".join(self.default)
        return str(self.default)


def read_toml(setting: Setting, value: object, source: str) -> object:
    """Return what a value of the file comes to."""
    if setting.kind is Kind.LIST:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ConfigError(f"{source}: {setting.name} must be a list of strings")
        return check(setting, items, source)
    expected = int if setting.kind is Kind.INTEGER else str
    if not isinstance(value, expected) or isinstance(value, bool):
        what = "a whole number" if expected is int else "a string"
        raise ConfigError(f"{source}: {setting.name} must be {what}")
    return check(setting, value, source)


def read_text(setting: Setting, text: str, source: str) -> object:
    """Return what the text of an environment variable comes to."""
    if setting.kind is Kind.INTEGER:
        try:
            return check(setting, int(text), source)
        except ValueError:
            raise ConfigError(f"{source}: {setting.name} must be a whole number") from None
    if setting.kind is Kind.LIST:
        return check(setting, [item.strip() for item in text.split(",") if item.strip()], source)
    return check(setting, text, source)


def check(setting: Setting, value: object, source: str) -> object:
    """Return `value` as `Settings` holds it, or raise `ConfigError`."""
    match setting.kind:
        case Kind.INTEGER:
            assert isinstance(value, int)
            return _check_range(setting, value, source)
        case Kind.PATH:
            return expand(Path(str(value)), source)
        case Kind.CHOICE:
            return _check_choice(setting, str(value), source)
        case Kind.LIST:
            assert isinstance(value, (list, tuple))
            for item in value:
                _check_item(setting, str(item), source)
            return tuple(value)
        case Kind.ADDRESS | Kind.ENDPOINT | Kind.SECRET | Kind.URL:
            return _check_text(setting, str(value), source)


def expand(path: Path, source: str) -> Path:
    """Return `path` with the home directory that it may begin with, or raise `ConfigError`."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigError(f"{source}: '{path}' is in the home of a user unknown here") from None


def _check_choice(setting: Setting, value: str, source: str) -> StrEnum:
    assert setting.choices is not None
    try:
        return setting.choices(value)
    except ValueError:
        choices = ", ".join(setting.choices)
        raise ConfigError(f"{source}: {setting.name} must be one of {choices}") from None


def _check_range(setting: Setting, value: int, source: str) -> int:
    minimum = setting.minimum or 0
    if value < minimum:
        raise ConfigError(f"{source}: {setting.name} must be at least {minimum}")
    if setting.maximum is not None and value > setting.maximum:
        raise ConfigError(f"{source}: {setting.name} must be at most {setting.maximum}")
    return value


def _check_text(setting: Setting, text: str, source: str) -> object:
    if setting.kind is Kind.ENDPOINT:
        return _parse_endpoint(text, source)
    if setting.kind is Kind.SECRET and not _SECRET.fullmatch(text):
        raise ConfigError(f"{source}: {setting.name} must be 16 to 512 letters, digits or ._~+/=-")
    if setting.kind is Kind.ADDRESS and not _is_address(text):
        raise ConfigError(f"{source}: '{text}' is neither an IP address nor a DNS name")
    if setting.kind is Kind.URL and not (text.isascii() and is_web_address(text)):
        raise ConfigError(f"{source}: {setting.name} is not a URL such as https://example.com/path")
    return text


def _parse_endpoint(text: str, source: str) -> Endpoint:
    match = _ENDPOINT.fullmatch(text)
    if match is None or not _is_address(match[1] or match[2]) or int(match[3]) > 65535:
        raise ConfigError(f"{source}: '{text}' is not HOST:PORT, such as 127.0.0.1:9464")
    return Endpoint(match[1] or match[2], int(match[3]))


def _check_item(setting: Setting, item: str, source: str) -> None:
    if setting.name == "cors_origin" and not _ORIGIN.fullmatch(item):
        raise ConfigError(f"{source}: '{item}' is not an origin such as https://example.com")
    if setting.name == "public_address" and not _is_address(item):
        raise ConfigError(f"{source}: '{item}' is neither an IP address nor a DNS name nor auto")


def is_web_address(text: str) -> bool:
    """Return whether `text` is a web address without credentials, which would end up in logs."""
    try:
        parts = urlsplit(text)
        is_port = parts.port is None or parts.port > 0
        host = (parts.hostname or "").encode("idna")  # as `getaddrinfo` does, with the same errors
    except ValueError:  # UnicodeError is one
        return False
    is_web = parts.scheme in ("http", "https") and bool(host) and is_port
    return is_web and "@" not in parts.netloc and text.isprintable()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # A name that ends in digits only is a mistyped IPv4 address, not a name.
        return bool(_DNS_NAME.fullmatch(text)) and not text.rpartition(".")[2].isdigit()
    return True
