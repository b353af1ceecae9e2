"""Every setting of the server, once.

`Settings` is the only list: flags, `LIVERELAY_*` variables, keys of `config.toml` and the reference
page are derived from its fields. Each source overrides the one before: defaults, file, environment,
flags. A value that cannot be used raises `ConfigError` with the place it came from.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from liverelay.errors import ConfigError
from liverelay.setting import Kind, Setting, check, expand, read_text, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.setting import Endpoint

CONFIG_FLAG = "--config"
CONFIG_VARIABLE = "LIVERELAY_CONFIG"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


def default_data_dir() -> Path:
    return platformdirs.user_data_path("liverelay", appauthor=False)


def _setting(
    default: object,
    kind: Kind,
    help_text: str,
    *,
    metavar: str = "",
    minimum: int | None = None,
    maximum: int | None = None,
    choices: type[StrEnum] | None = None,
) -> Any:  # noqa: ANN401  (as dataclasses.field: stands for a value of the field's type)
    about = {
        "kind": kind,
        "help": help_text,
        "metavar": metavar or ("|".join(choices) if choices else kind.value.upper()),
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
    }
    if default is default_data_dir:
        return field(default_factory=default_data_dir, metadata=about)
    return field(default=default, metadata=about)


def default_config_file() -> Path:
    return platformdirs.user_config_path("liverelay", appauthor=False) / "config.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one server. Durations are in seconds."""

    host: str = _setting("0.0.0.0", Kind.ADDRESS, "Address that the HTTP server listens on.")
    port: int = _setting(
        8080, Kind.INTEGER, "TCP port of the HTTP server; 0 picks a free one.", maximum=65535
    )
    udp_port: int | None = _setting(
        None,
        Kind.INTEGER,
        "UDP port that all media uses. Unset: the number of the HTTP port.",
        maximum=65535,
    )
    public_address: tuple[str, ...] = _setting(
        (),
        Kind.LIST,
        "IP address or DNS name under which browsers reach this machine, or `auto`. "
        "Unset: every address of the machine.",
        metavar="ADDRESS",
    )
    data_dir: Path = _setting(
        default_data_dir, Kind.PATH, "Directory of the store: keys, rooms and the token secret."
    )
    tls_cert: Path | None = _setting(
        None, Kind.PATH, "Certificate chain (PEM) to serve HTTPS with; needs --tls-key."
    )
    tls_key: Path | None = _setting(
        None,
        Kind.PATH,
        "Private key (PEM) of --tls-cert.",
    )
    cors_origin: tuple[str, ...] = _setting(
        ("*",),
        Kind.LIST,
        "Origin whose pages may use this server; * is any.",
        metavar="ORIGIN",
    )
    token_ttl: int = _setting(
        86_400,
        Kind.INTEGER,
        "Lifetime of a token in seconds, where a request does not ask for another.",
        metavar="SECONDS",
        minimum=1,
        maximum=31_536_000,
    )
    max_rooms: int = _setting(
        100_000, Kind.INTEGER, "Rooms that may exist at once; more are refused with 503.", minimum=1
    )
    max_sessions: int = _setting(
        5_000,
        Kind.INTEGER,
        "Media sessions that may be open at once; more are refused with 503.",
        minimum=1,
    )
    key_failure_limit: int = _setting(
        20,
        Kind.INTEGER,
        "Wrong API keys that one address may send in a minute before it gets 429; 0 is no limit.",
    )
    metrics_token: str | None = _setting(
        None,
        Kind.SECRET,
        "Bearer token that may read /metrics and nothing else. API keys may read it in any case.",
        metavar="TOKEN",
    )
    metrics_bind: Endpoint | None = _setting(
        None,
        Kind.ENDPOINT,
        "Address and port of a further listener, such as 127.0.0.1:9464. It serves /metrics alone, "
        "and to anyone.",
        metavar="HOST:PORT",
    )
    webhook_url: str | None = _setting(
        None,
        Kind.URL,
        "Where to post what happens in rooms; needs --webhook-secret.",
    )
    webhook_secret: str | None = _setting(
        None, Kind.SECRET, "Key with which what is posted to --webhook-url is signed."
    )
    log_level: LogLevel = _setting(LogLevel.INFO, Kind.CHOICE, "How much to log.", choices=LogLevel)
    log_format: LogFormat = _setting(
        LogFormat.TEXT, Kind.CHOICE, "Log lines for people or for machines.", choices=LogFormat
    )


def list_settings() -> tuple[Setting, ...]:
    """Return every setting, in the order of `Settings`."""
    return tuple(
        Setting(
            name=item.name,
            default=item.default if item.default_factory is MISSING else item.default_factory(),
            **item.metadata,
        )
        for item in fields(Settings)
    )


def load_settings(
    *,
    config_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge all sources into one `Settings`.

    Args:
        config_file: A file that must exist; None reads the default one if it is there.
        environment: Where `LIVERELAY_*` is looked up; None is the process's own.
        flags: Values by setting name; None as a value means that the flag was not given.

    Raises:
        ConfigError: A source holds an unknown key or an unusable value.
    """
    environment = os.environ if environment is None else environment
    if config_file is not None:
        config_file = expand(config_file, CONFIG_FLAG)
    elif named := environment.get(CONFIG_VARIABLE):
        config_file = expand(Path(named), CONFIG_VARIABLE)
    known = {setting.name: setting for setting in list_settings()}
    values = _read_file(config_file, known)
    for setting in known.values():
        text = environment.get(setting.environment)
        if text:
            values[setting.name] = read_text(setting, text, setting.environment)
    for name, value in (flags or {}).items():
        if value is not None and value != []:
            values[name] = check(known[name], value, known[name].flag)
    return Settings(**values)


def _read_file(config_file: Path | None, known: Mapping[str, Setting]) -> dict[str, Any]:
    path = config_file or default_config_file()
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        if config_file is None:
            return {}
        raise ConfigError(f"{path}: no such configuration file") from None
    except OSError as error:
        # A service may have a home that it may not enter (ProtectHome= of systemd).
        if config_file is None and isinstance(error, PermissionError) and not os.path.exists(path):
            return {}
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # tomllib's own, and what it lets through
        raise ConfigError(f"{path}: {error}") from None
    values = {}
    for name, value in document.items():
        source = f"{path} line {_line_of(text, name)}"
        if name not in known:
            raise ConfigError(f"{source}: unknown key '{name}'")
        values[name] = read_toml(known[name], value, source)
    return values


def _line_of(text: str, key: str) -> int:
    """Return the line that sets `key`; tomllib knows it but does not tell."""
    definition = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    for number, line in enumerate(text.splitlines(), start=1):
        if definition.match(line):
            return number
    return 1
