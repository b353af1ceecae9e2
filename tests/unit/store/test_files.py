from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import StoreError
from liverelay.store import files
from liverelay.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

_HOUR = 3600


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_record_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"

    files.write_record(path, "What it is.", {"name": 'with "quotes"\nand lines', "size": 3})

    assert path.read_text().startswith("# What it is.\n")
    assert files.read_record(path) == {"name": 'with "quotes"\nand lines', "size": 3}


def test_writing_replaces_the_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"
    files.write_record(path, "Old.", {"one": 1, "two": 2})

    files.write_record(path, "New.", {"three": 3})

    assert files.read_record(path) == {"three": 3}
    assert os.listdir(tmp_path) == ["thing.toml"]


def test_missing_record_is_none(tmp_path: Path) -> None:
    assert files.read_record(tmp_path / "thing.toml") is None


def test_deleting_tells_whether_there_was_a_record(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"
    files.write_record(path, "It.", {})

    assert files.delete_record(path)
    assert not files.delete_record(path)


def test_directory_is_made_for_its_owner_only_with_all_above_it(tmp_path: Path) -> None:
    above = tmp_path / "missing"
    previous = os.umask(0)
    try:
        files.make_directory(above / "data" / "rooms")
        files.make_directory(above / "data" / "rooms")
    finally:
        os.umask(previous)

    made = [above, above / "data", above / "data" / "rooms"]
    assert [_mode(path) for path in made] == [0o700] * 3


def test_everything_is_for_its_owner_only(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        store = Store(tmp_path / "data")
        store.token_secret()
        _, key = store.keys.create("app")
    finally:
        os.umask(previous)

    assert _mode(store.directory) == 0o700
    assert _mode(store.keys.directory) == 0o700
    assert _mode(store.keys.directory / f"{key.key_id}.toml") == 0o600
    assert _mode(store.directory / "secret.toml") == 0o600
    assert _mode(store.directory / ".lock") == 0o600


def test_list_names_skips_what_is_no_record(tmp_path: Path) -> None:
    for name in ("a.toml", "b.txt", ".hidden.toml", ".tmp-0123"):
        (tmp_path / name).touch()

    assert files.list_names(tmp_path) == {"a"}
    assert files.list_names(tmp_path / "missing") == set()


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    old, fresh, record = tmp_path / ".tmp-old", tmp_path / ".tmp-fresh", tmp_path / "a.toml"
    for path in (old, fresh, record):
        path.touch()
    os.utime(old, (1000, 1000))
    os.utime(record, (1000, 1000))
    os.utime(fresh, (1000 + 2 * _HOUR, 1000 + 2 * _HOUR))

    files.remove_leftovers(tmp_path, now=1000 + 2 * _HOUR)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp-fresh", "a.toml"]


def test_leftovers_are_removed_from_every_directory_of_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    left = [
        directory / ".tmp-left"
        for directory in (store.directory, store.keys.directory, store.rooms.directory)
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (1000, 1000))

    store.remove_leftovers(now=1000 + 2 * _HOUR)

    assert not any(path.exists() for path in left)


def test_leftovers_of_a_store_that_does_not_exist_are_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "missing")

    store.remove_leftovers(now=5 * _HOUR)

    assert not store.directory.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"name = ",
        b"\xff\xfe\x00binary",
        b"name = 1\nname = 2",
        b"n = " + b"9" * 5000,
        b"n = " + b"[" * 5000,
        b"at = 2024-99-99T00:00:00Z",
    ],
    ids=["syntax", "binary", "twice", "huge-number", "nested", "no-such-date"],
)
def test_damaged_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing.toml"
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"thing\.toml is damaged \(.+\); repair it") as caught:
        files.read_record(path)

    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@given(content=st.binary(max_size=64))
def test_reading_any_bytes_gives_a_record_or_a_store_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)

    try:
        record = files.read_record(path)
    except StoreError as error:
        record = {"message": str(error)}

    assert isinstance(record, dict)


def test_record_that_cannot_be_read_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"
    path.mkdir()

    with pytest.raises(StoreError, match=r"thing\.toml: cannot be read: Is a directory"):
        files.read_record(path)


def test_record_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"
    path.mkdir()

    with pytest.raises(StoreError, match=r"thing\.toml: cannot be written"):
        files.write_record(path, "It.", {})

    assert os.listdir(tmp_path) == ["thing.toml"]


def test_record_that_cannot_be_deleted_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "thing.toml"
    path.mkdir()

    with pytest.raises(StoreError, match=r"thing\.toml: cannot be deleted"):
        files.delete_record(path)


def test_file_where_the_data_directory_belongs_is_a_store_error(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    blocked.touch()
    store = Store(blocked)

    with pytest.raises(StoreError, match="cannot be created"):
        store.keys.create("app")
    with pytest.raises(StoreError, match="cannot be read"):
        store.rooms.list()
    store.remove_leftovers(now=0.0)
