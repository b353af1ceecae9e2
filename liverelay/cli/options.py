"""Command-line options derived from `Settings`, and the options that every command shares."""

from __future__ import annotations

import inspect
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from liverelay.config import CONFIG_FLAG, list_settings, load_settings
from liverelay.setting import Kind, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES: dict[Kind, Any] = {
    Kind.ADDRESS: str,
    Kind.ENDPOINT: str,
    Kind.SECRET: str,
    Kind.URL: str,
    Kind.INTEGER: int,
    Kind.PATH: Path,
    Kind.LIST: list[str],
}

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        CONFIG_FLAG, metavar="FILE", help="Configuration file to read instead of the user's."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the REST API would answer.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.")]


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of the named settings (all, if none), and pass it `settings`.

    The decorated function takes the merged `Settings` as its keyword argument `settings`; the flags
    themselves, and `--config`, are consumed here.
    """
    chosen = [setting for setting in list_settings() if not names or setting.name in names]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def wrapper(**arguments: Any) -> None:  # noqa: ANN401  (Typer passes what it parsed)
            config_file = arguments.pop("config")
            flags = {setting.name: arguments.pop(setting.name) for setting in chosen}
            settings = load_settings(config_file=config_file, flags=flags)
            command(settings=settings, **arguments)

        signature = inspect.signature(command, eval_str=True)
        own = [item for item in signature.parameters.values() if item.name != "settings"]
        added = [_parameter(setting) for setting in chosen]
        config = _keyword("config", ConfigOption)
        wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*own, *added, config], return_annotation=None
        )
        wrapper.__annotations__ = {item.name: item.annotation for item in (*own, *added, config)}
        return wrapper

    return decorate


def _parameter(setting: Setting) -> inspect.Parameter:
    kind = setting.choices if setting.choices is not None else _TYPES[setting.kind]
    default = f" (default: {setting.default_text})" if setting.default_text else ""
    option = typer.Option(
        setting.flag,
        help=setting.help + default,
        metavar=setting.metavar,
        show_default=False,
    )
    return _keyword(setting.name, Annotated[kind | None, option])


def _keyword(name: str, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )
