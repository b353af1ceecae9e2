"""`liverelay rooms`: rooms."""

from __future__ import annotations

from typing import Annotated

import typer

from liverelay import tokens, views
from liverelay.cli.options import JsonOption, QuietOption, with_settings
from liverelay.cli.output import (
    is_terminal,
    print_fields,
    print_hint,
    print_json,
    print_result,
    print_rows,
)
from liverelay.config import Settings
from liverelay.store.live import LiveCounts, read_live_counts
from liverelay.store.records import Room, RoomType
from liverelay.store.store import Store
from liverelay.utc import unix_now, utc_now

app = typer.Typer(help="Create, list, show and delete rooms.")

RoomArgument = Annotated[str, typer.Argument(metavar="ROOM_ID", help="The room's id.")]
TtlOption = Annotated[
    int | None,
    typer.Option(
        "--ttl",
        min=1,
        max=tokens.MAX_TTL,
        metavar="SECONDS",
        help="Lifetime of the tokens (default: the setting token_ttl).",
    ),
]


@app.command("create")
@with_settings("data_dir")
def create_room(
    settings: Settings,
    room_type: Annotated[
        RoomType,
        typer.Option(
            "--type",
            metavar="|".join(RoomType),
            help="One publisher and many viewers, or two peers (default: broadcast).",
            show_default=False,
        ),
    ] = RoomType.BROADCAST,
    ttl: TtlOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Create a room. A pipe gets its id; a terminal and --json get its tokens too."""
    store = Store(settings.data_dir)
    room = store.rooms.create(room_type)
    if quiet or not (as_json or is_terminal()):
        print_result(room.room_id)
        return
    join_tokens = views.mint_join_tokens(
        store.token_secret(), room, tokens.LOCAL_KEY_ID, ttl or settings.token_ttl, unix_now()
    )
    if as_json:
        print_json(views.created_room(room, join_tokens))
        return
    print_fields([("id", room.room_id), ("type", room.room_type), *join_tokens.items()])
    role = tokens.Role.CALL if room.room_type is RoomType.CALL else tokens.Role.SUBSCRIBE
    print_hint(f"More tokens: liverelay token {room.room_id} --role {role}")


@app.command("list")
@with_settings("data_dir")
def list_rooms(settings: Settings, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the rooms, oldest first."""
    store = Store(settings.data_dir)
    rooms = store.rooms.list()
    if quiet:
        for room in rooms:
            print_result(room.room_id)
        return
    counts = read_live_counts(store.live_directory)
    listed = [_view(room, counts) for room in rooms]
    if as_json:
        print_json(listed)
        return
    print_rows(
        ("ROOM", "TYPE", "PUBLISHERS", "SUBSCRIBERS", "AGE"),
        [(*list(view.values())[:-1], _age(int(view["created_at_secs"]))) for view in listed],
        empty="No rooms. Create one: liverelay rooms create",
    )


@app.command("show")
@with_settings("data_dir")
def show_room(
    settings: Settings,
    room_id: RoomArgument,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show a room."""
    store = Store(settings.data_dir)
    room = store.rooms.require(room_id)
    if quiet:
        print_result(room.room_id)
        return
    view = _view(room, read_live_counts(store.live_directory))
    if as_json:
        print_json(view)
    else:
        print_fields(list(view.items()))


@app.command("delete")
@with_settings("data_dir")
def delete_room(
    settings: Settings,
    room_id: RoomArgument,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Delete a room and end its sessions."""
    Store(settings.data_dir).rooms.delete(room_id)
    if as_json:
        print_json(None)
    elif quiet:
        print_result(room_id)
    else:
        print_hint(f"Deleted {room_id}.")


def _age(seconds: int) -> str:
    """Return an age as a person reads it, or in plain seconds for a script."""
    if is_terminal():
        for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
            if seconds >= 2 * size:
                return f"{seconds // size}{unit}"
        return f"{seconds}s"
    return str(seconds)


def _view(room: Room, counts: LiveCounts) -> dict[str, str | int]:
    publishers, subscribers = counts.get(room.room_id, (0, 0))
    return views.room(room, now=utc_now(), publisher_count=publishers, subscriber_count=subscribers)
