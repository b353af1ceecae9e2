from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.store.catalogue import Catalogue, Removed
from liverelay.store.records import RoomType
from liverelay.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

_SECOND = 1_000_000_000

# Long after every file time in these tests, and the file time that the tests give to directories.
_SETTLED = 2_000 * _SECOND
_STAMP = 1_000 * _SECOND

_NOTHING = Removed(frozenset(), frozenset())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one key; `other` writers use the same object, it holds no state."""
    store = Store(tmp_path)
    store.keys.create("app")
    store.rooms.create(RoomType.BROADCAST)
    return store


@pytest.fixture
def catalogue(store: Store) -> Catalogue:
    catalogue = Catalogue(store)
    catalogue.load(_SETTLED)
    return catalogue


def _stamp(store: Store, time_ns: int) -> None:
    for directory in (store.keys.directory, store.rooms.directory):
        os.utime(directory, ns=(time_ns, time_ns))


def _follow(catalogue: Catalogue, now_ns: int = _SETTLED) -> Removed:
    return catalogue.apply(catalogue.scan(now_ns))


def _hide(directory: Path) -> Path:
    """Put a file in the place of `directory`, and return where that is now."""
    hidden = directory.rename(directory.with_name("hidden"))
    directory.write_text("a file")
    return hidden


def _refusal(caught: pytest.ExceptionInfo[RefusedError]) -> ErrorCode:
    return caught.value.code


def test_loading_finds_what_is_on_disk(store: Store, catalogue: Catalogue) -> None:
    assert catalogue.list_rooms() == store.rooms.list()
    assert catalogue.list_keys() == store.keys.list()
    assert catalogue.room_count == 1


def test_room_made_elsewhere_can_be_used_at_once(store: Store, catalogue: Catalogue) -> None:
    room = store.rooms.create(RoomType.CALL)

    assert catalogue.require_room(room.room_id) == room


def test_rooms_that_were_there_at_the_start_are_no_changes(catalogue: Catalogue) -> None:
    assert catalogue.take_changes() == []


def test_changes_are_told_once_and_in_order(store: Store, catalogue: Catalogue) -> None:
    made_here = catalogue.create_room(RoomType.CALL)
    made_elsewhere = store.rooms.create(RoomType.CALL)
    looked_up = store.rooms.create(RoomType.CALL)
    catalogue.require_room(looked_up.room_id)
    _follow(catalogue)
    catalogue.delete_room(made_here.room_id)
    store.rooms.delete(looked_up.room_id)
    _follow(catalogue)

    assert catalogue.take_changes() == [
        (made_here, True),
        (looked_up, True),
        (made_elsewhere, True),
        (made_here, False),
        (looked_up, False),
    ]
    assert catalogue.take_changes() == []


def test_room_is_found_only_if_it_is_known(store: Store, catalogue: Catalogue) -> None:
    room = store.rooms.create(RoomType.CALL)
    before = catalogue.find_room(room.room_id)
    _follow(catalogue)

    assert before is None
    assert catalogue.find_room(room.room_id) == room


def test_room_made_elsewhere_is_listed_after_a_scan(store: Store, catalogue: Catalogue) -> None:
    room = store.rooms.create(RoomType.CALL)

    assert _follow(catalogue) == _NOTHING

    assert room in catalogue.list_rooms()


def test_room_deleted_elsewhere_is_gone_after_a_scan(store: Store, catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    store.rooms.delete(room.room_id)

    removed = _follow(catalogue)

    assert removed.rooms == {room.room_id}
    with pytest.raises(RefusedError) as caught:
        catalogue.require_room(room.room_id)
    assert _refusal(caught) is ErrorCode.ROOM_NOT_FOUND


def test_room_made_here_while_scanning_is_not_taken_for_deleted(catalogue: Catalogue) -> None:
    scan = catalogue.scan(_SETTLED)
    room = catalogue.create_room(RoomType.CALL)

    assert catalogue.apply(scan) == _NOTHING
    assert _follow(catalogue) == _NOTHING
    assert room in catalogue.list_rooms()


def test_threads_may_write_while_scans_are_applied(catalogue: Catalogue) -> None:
    def write() -> list[str]:
        made = [catalogue.create_room(RoomType.CALL).room_id for _ in range(20)]
        for room_id in made[::2]:
            catalogue.delete_room(room_id)
        for key in [catalogue.create_key("app") for _ in range(10)][::2]:
            catalogue.revoke_key(key[:8])
        return made[1::2]

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write) for _ in range(4)]
        removed = [_follow(catalogue)]
        while not all(writer.done() for writer in writers):
            removed.append(_follow(catalogue))
            catalogue.list_rooms()
    made = {room_id for writer in writers for room_id in writer.result()}
    live = {key.key_id for key in catalogue.list_keys()}
    _follow(catalogue)

    assert {room.room_id for room in catalogue.list_rooms()} >= made
    assert catalogue.room_count == len(made) + 1
    assert len(live) == 21
    assert not [each for each in removed if each.keys & live or each.rooms & made]


def test_room_deleted_here_while_scanning_is_not_reported(catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    scan = catalogue.scan(_SETTLED)
    catalogue.delete_room(room.room_id)

    assert catalogue.apply(scan) == _NOTHING
    assert _follow(catalogue) == _NOTHING
    assert catalogue.list_rooms() == []


def test_deleting_a_room_that_went_elsewhere_is_refused(store: Store, catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    store.rooms.delete(room.room_id)

    with pytest.raises(RefusedError) as caught:
        catalogue.delete_room(room.room_id)

    assert _refusal(caught) is ErrorCode.ROOM_NOT_FOUND
    assert catalogue.room_count == 0


def test_room_that_cannot_be_deleted_stays(store: Store, catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    (store.rooms.directory / f"{room.room_id}.toml").write_text("damaged")

    with pytest.raises(StoreError):
        catalogue.delete_room(room.room_id)

    assert catalogue.list_rooms() == [room]


def test_key_made_elsewhere_can_be_used_at_once(store: Store, catalogue: Catalogue) -> None:
    key, record = store.keys.create("other")

    assert catalogue.require_key(key) == record
    assert catalogue.is_live_key(record.key_id)


def test_key_revoked_elsewhere_is_gone_after_a_scan(store: Store, catalogue: Catalogue) -> None:
    key, record = store.keys.create("other")
    catalogue.require_key(key)
    store.keys.revoke(record.key_id)

    removed = _follow(catalogue)

    assert removed.keys == {record.key_id}
    assert not catalogue.is_live_key(record.key_id)
    with pytest.raises(RefusedError) as caught:
        catalogue.require_key(key)
    assert _refusal(caught) is ErrorCode.API_KEY_INVALID


def test_key_whose_file_was_deleted_is_gone_after_a_scan(
    store: Store, catalogue: Catalogue
) -> None:
    (record,) = catalogue.list_keys()
    (store.keys.directory / f"{record.key_id}.toml").unlink()

    assert _follow(catalogue).keys == {record.key_id}
    assert not catalogue.is_live_key(record.key_id)


def test_key_made_here_while_scanning_is_not_taken_for_revoked(
    store: Store, catalogue: Catalogue
) -> None:
    store.keys.create("elsewhere")
    scan = catalogue.scan(_SETTLED)
    key = catalogue.create_key("here")

    assert catalogue.apply(scan) == _NOTHING
    assert catalogue.require_key(key).is_live


def test_key_revoked_here_while_scanning_does_not_come_back(catalogue: Catalogue) -> None:
    key = catalogue.create_key("here")
    scan = catalogue.scan(_SETTLED)
    catalogue.revoke_key(key[:8])

    assert catalogue.apply(scan) == _NOTHING
    assert not catalogue.is_live_key(key[:8])
    assert _follow(catalogue) == _NOTHING


def test_unknown_keys_are_invalid(catalogue: Catalogue) -> None:
    for presented in ("", "lr_", "lr_" + "0" * 32, "eyJhbGciOiJIUzI1NiJ9.e30.x"):
        with pytest.raises(RefusedError) as caught:
            catalogue.require_key(presented)
        assert _refusal(caught) is ErrorCode.API_KEY_INVALID


def test_key_with_the_id_of_another_is_invalid(catalogue: Catalogue) -> None:
    key = catalogue.create_key("app")
    forged = key[:8] + "".join("0" if digit != "0" else "1" for digit in key[8:])

    with pytest.raises(RefusedError) as caught:
        catalogue.require_key(forged)

    assert _refusal(caught) is ErrorCode.API_KEY_INVALID


def test_tokens_of_the_command_line_need_no_key(catalogue: Catalogue) -> None:
    assert catalogue.is_live_key("local")
    assert not catalogue.is_live_key("lr_00000")
    assert not catalogue.is_live_key("../../secret")


def test_unchanged_directories_are_not_read_again(store: Store, catalogue: Catalogue) -> None:
    _stamp(store, _STAMP)
    _follow(catalogue)
    room = store.rooms.create(RoomType.CALL)
    _stamp(store, _STAMP)

    _follow(catalogue)

    assert room not in catalogue.list_rooms()


def test_directory_that_changed_just_now_is_read_again(store: Store, catalogue: Catalogue) -> None:
    _stamp(store, _STAMP)
    _follow(catalogue, now_ns=_STAMP + _SECOND)
    room = store.rooms.create(RoomType.CALL)
    _stamp(store, _STAMP)

    _follow(catalogue, now_ns=_STAMP + _SECOND)

    assert room in catalogue.list_rooms()


def test_damage_stops_loading(store: Store) -> None:
    path = store.rooms.directory / "8271274b-fc62-4b73-98c5-40e28b7a1b81.toml"
    path.write_text("type")

    with pytest.raises(StoreError, match=path.name):
        Catalogue(store).load(_SETTLED)


def test_damage_keeps_what_was_known(store: Store, catalogue: Catalogue) -> None:
    key = catalogue.create_key("app")
    path = store.keys.directory / f"{key[:8]}.toml"
    path.write_text("damaged")
    os.utime(store.keys.directory, ns=(_STAMP, _STAMP))

    scan = catalogue.scan(_SETTLED)

    assert [path.name in str(error) for error in scan.damaged] == [True]
    assert catalogue.apply(scan) == _NOTHING
    assert catalogue.require_key(key).is_live


def test_damage_does_not_hide_other_changes(store: Store, catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    (store.rooms.directory / "8271274b-fc62-4b73-98c5-40e28b7a1b81.toml").write_text("damaged")
    store.rooms.delete(room.room_id)
    made = store.rooms.create(RoomType.CALL)
    (record,) = catalogue.list_keys()
    store.keys.revoke(record.key_id)

    removed = _follow(catalogue)

    assert removed == Removed(frozenset({room.room_id}), frozenset({record.key_id}))
    assert catalogue.list_rooms() == [made]


def test_file_repaired_in_place_is_taken_over(store: Store, catalogue: Catalogue) -> None:
    room = store.rooms.create(RoomType.CALL)
    path = store.rooms.directory / f"{room.room_id}.toml"
    good = path.read_bytes()
    path.write_bytes(b"damaged")
    _stamp(store, _STAMP)
    assert len(catalogue.scan(_SETTLED).damaged) == 1
    path.write_bytes(good)
    _stamp(store, _STAMP)

    scan = catalogue.scan(_SETTLED)

    assert scan.damaged == ()
    catalogue.apply(scan)
    assert room in catalogue.list_rooms()


def test_unreadable_directory_is_read_again_later(store: Store, catalogue: Catalogue) -> None:
    hidden = _hide(store.rooms.directory)
    scan = catalogue.scan(_SETTLED)
    store.rooms.directory.unlink()
    hidden.rename(store.rooms.directory)
    room = store.rooms.create(RoomType.CALL)

    assert ["cannot be read" in str(error) for error in scan.damaged] == [True]
    assert catalogue.apply(scan) == _NOTHING
    assert _follow(catalogue) == _NOTHING
    assert room in catalogue.list_rooms()


def test_key_revoked_elsewhere_is_gone_although_rooms_cannot_be_read(
    store: Store, catalogue: Catalogue
) -> None:
    (record,) = catalogue.list_keys()
    _hide(store.rooms.directory)
    store.keys.revoke(record.key_id)

    removed = _follow(catalogue)

    assert removed == Removed(frozenset(), frozenset({record.key_id}))
    assert not catalogue.is_live_key(record.key_id)


def test_room_deleted_elsewhere_is_gone_although_keys_cannot_be_read(
    store: Store, catalogue: Catalogue
) -> None:
    (room,) = catalogue.list_rooms()
    _hide(store.keys.directory)
    store.rooms.delete(room.room_id)

    assert _follow(catalogue) == Removed(frozenset({room.room_id}), frozenset())


@pytest.mark.parametrize("name", ["rooms", "keys"])
def test_directory_that_cannot_be_read_stops_loading(store: Store, name: str) -> None:
    _hide(store.directory / name)

    with pytest.raises(StoreError, match=f"{name}: cannot be read"):
        Catalogue(store).load(_SETTLED)


def test_vanished_rooms_directory_ends_its_rooms(store: Store, catalogue: Catalogue) -> None:
    (room,) = catalogue.list_rooms()
    store.rooms.delete(room.room_id)
    store.rooms.directory.rmdir()

    assert _follow(catalogue).rooms == {room.room_id}
