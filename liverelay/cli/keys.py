"""`liverelay keys`: API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from liverelay.cli.options import JsonOption, QuietOption, with_settings
from liverelay.cli.output import flush_output, print_hint, print_json, print_result, print_rows
from liverelay.config import Settings
from liverelay.errors import OutputError, StoreError
from liverelay.store.store import Store

if TYPE_CHECKING:
    from liverelay.store.keys import KeyStore

app = typer.Typer(help="Create, list and revoke API keys.")


@app.command("create")
@with_settings("data_dir")
def create_key(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Create an API key and print it, for the only time."""
    keys = Store(settings.data_dir).keys
    key, record = keys.create(name)
    try:
        if as_json:
            print_json({"key": key, "name": record.name})
        else:
            print_result(record.key_id if quiet else key)
        flush_output()
    except OutputError as error:
        raise _withdraw(keys, record.key_id, error) from None
    if not (as_json or quiet):
        print_hint("Keep it safe: it is not shown again.")


def _withdraw(keys: KeyStore, key_id: str, error: OutputError) -> OutputError:
    """Take back a key that could not be shown, and return what to say of it.

    It is said also if the reader of a pipe has gone: whoever wanted the key has none.
    """
    try:
        keys.withdraw(key_id)
    except StoreError as failure:
        return OutputError(
            f"{error}; the new key is still valid, because it could not be deleted ({failure}): "
            f"liverelay keys revoke {key_id}"
        )
    return OutputError(str(error))


@app.command("list")
@with_settings("data_dir")
def list_keys(settings: Settings, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the API keys, oldest first."""
    keys = Store(settings.data_dir).keys.list()
    if as_json:
        print_json([key.to_json() for key in keys])
    elif quiet:
        for key in keys:
            print_result(key.key_id)
    else:
        views = [key.to_json() for key in keys]
        print_rows(
            ("KEY ID", "CREATED", "NAME"),
            [(view["key_id"], view["created_at_utc"], view["name"]) for view in views],
            empty="No API keys. Create one: liverelay keys create NAME",
        )


@app.command("revoke")
@with_settings("data_dir")
def revoke_key(
    settings: Settings,
    key_id: Annotated[
        str, typer.Argument(metavar="KEY_ID", help="The first 8 characters of the key.")
    ],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Revoke an API key, its tokens and their sessions."""
    revoked = Store(settings.data_dir).keys.revoke(key_id)
    if as_json:
        print_json(None)
    elif quiet:
        print_result(revoked.key_id)
    else:
        print_hint(f"Revoked {revoked.key_id} ({revoked.name}).")
