"""What processes do to one store; a module of its own so that new interpreters can import it."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, NoReturn

from liverelay.store.records import RoomType
from liverelay.store.store import Store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path


def churn(directory: Path, start: Barrier, report: Path, seed: int, rounds: int) -> None:
    """Create and delete keys and rooms, then write to `report` which of them must exist."""
    rng = random.Random(seed)
    store = Store(directory)
    rooms: list[str] = []
    keys: list[str] = []
    revoked: list[str] = []
    start.wait()
    for _ in range(rounds):
        rooms.append(store.rooms.create(rng.choice(list(RoomType))).room_id)
        keys.append(store.keys.create(f"writer {seed}")[1].key_id)
        if rng.random() < 0.5:
            store.rooms.delete(rooms.pop(rng.randrange(len(rooms))))
        if rng.random() < 0.5:
            revoked.append(keys.pop(rng.randrange(len(keys))))
            store.keys.revoke(revoked[-1])
    report.write_text(json.dumps({"rooms": rooms, "keys": keys, "revoked": revoked}))


def use_first(directory: Path, start: Barrier, report: Path) -> None:
    """Bootstrap a new store and use its secret, as a server does at its start."""
    store = Store(directory)
    start.wait()
    made = store.keys.bootstrap()
    secret = store.token_secret().decode()
    report.write_text(json.dumps({"key": made[0] if made else None, "secret": secret}))


def write_until_killed(directory: Path, journal: int) -> NoReturn:
    """Write without end; say on `journal` what is done (`+`), and what is about to go (`-`)."""
    store = Store(directory)
    store.token_secret()
    while True:
        room_id = store.rooms.create(RoomType.CALL).room_id
        _note(journal, f"+ room {room_id}")
        _, key = store.keys.create("app")
        _note(journal, f"+ key {key.key_id}")
        doomed = store.rooms.create(RoomType.CALL).room_id
        _note(journal, f"- room {doomed}")
        store.rooms.delete(doomed)
        _, short_lived = store.keys.create("short-lived")
        _note(journal, f"- key {short_lived.key_id}")
        store.keys.revoke(short_lived.key_id)
        _note(journal, f"gone key {short_lived.key_id}")


def _note(journal: int, line: str) -> None:
    os.write(journal, f"{line}\n".encode())
