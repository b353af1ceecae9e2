"""`liverelay token`: a join token for a room."""

from __future__ import annotations

from typing import Annotated

import typer

from liverelay import tokens
from liverelay.cli.options import JsonOption, QuietOption, with_settings
from liverelay.cli.output import print_json, print_result
from liverelay.cli.rooms import RoomArgument, TtlOption
from liverelay.config import Settings
from liverelay.errors import ErrorCode, RefusedError
from liverelay.store.store import Store
from liverelay.utc import unix_now


@with_settings("data_dir")
def create_token(
    settings: Settings,
    room_id: RoomArgument,
    role: Annotated[str, typer.Option(metavar="|".join(tokens.Role), help="What its peer may do.")],
    ttl: TtlOption = None,
    key_id: Annotated[
        str | None,
        typer.Option(
            metavar="KEY_ID", help="API key to tie the token to: revoking that revokes the token."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Create a join token for a room and print it."""
    store = Store(settings.data_dir)
    parsed = tokens.parse_role(role)
    room = store.rooms.require(room_id)
    token = tokens.mint(
        store.token_secret(),
        room_id=room.room_id,
        role=parsed,
        key_id=_require_live(store, key_id) if key_id else tokens.LOCAL_KEY_ID,
        ttl=ttl or settings.token_ttl,
        now=unix_now(),
    )
    if as_json:
        print_json({"token": token})
    else:
        print_result(token)


def _require_live(store: Store, key_id: str) -> str:
    key = store.keys.get(key_id)
    if key is None or not key.is_live:
        raise RefusedError(ErrorCode.API_KEY_INVALID, f"No live API key has the id {key_id}")
    return key_id
