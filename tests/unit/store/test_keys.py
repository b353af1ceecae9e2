from __future__ import annotations

import errno
import hashlib
import os
import resource
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.store import files
from liverelay.store.keys import KeyStore, draw_api_key, is_api_key, matches
from liverelay.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FIRST = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"
_SAME_ID = "lr_aebfc00000000000000000000000000f"
_OTHER = "lr_0123456789abcdef0123456789abcdef"

_FULL = r"lr_[0-9a-f]{5}\.toml: cannot be written: No space left on device$"


def _drawing(directory: Path, keys: Iterable[str]) -> KeyStore:
    """Return a store that draws `keys` one after the other."""
    return KeyStore(directory, nullcontext, iter(keys).__next__)


def _code(caught: pytest.ExceptionInfo[RefusedError]) -> ErrorCode:
    return caught.value.code


def test_key_has_the_documented_form(tmp_path: Path) -> None:
    key, record = Store(tmp_path).keys.create("my-app")

    assert is_api_key(key)
    assert len(key) == 35
    assert record.key_id == key[:8]


def test_only_the_digest_of_a_key_is_stored(tmp_path: Path) -> None:
    store = Store(tmp_path)

    key, record = store.keys.create("my-app")

    text = (store.keys.directory / f"{record.key_id}.toml").read_text()
    assert key not in text
    assert hashlib.sha256(key.encode()).hexdigest() in text


def test_key_matches_its_own_record_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key, record = store.keys.create("one")

    assert matches(key, record)
    assert not matches(key[:-1] + ("0" if key[-1] != "0" else "1"), record)


def test_drawn_keys_differ() -> None:
    assert len({draw_api_key() for _ in range(100)}) == 100


def test_clashing_key_id_is_drawn_again(tmp_path: Path) -> None:
    keys = _drawing(tmp_path, [_FIRST, _SAME_ID, _SAME_ID, _OTHER])
    keys.create("one")

    key, _ = keys.create("two")

    assert key == _OTHER
    assert [record.name for record in keys.list()] == ["one", "two"]


def test_revoked_key_id_is_never_drawn_again(tmp_path: Path) -> None:
    keys = _drawing(tmp_path, [_FIRST, _SAME_ID, _OTHER])
    keys.create("one")
    keys.revoke("lr_aebfc")

    key, _ = keys.create("two")

    assert key == _OTHER
    assert keys.load()["lr_aebfc"].revoked_at_utc is not None


def test_damaged_record_keeps_its_key_id(tmp_path: Path) -> None:
    (tmp_path / "lr_aebfc.toml").write_text("damaged")
    keys = _drawing(tmp_path, [_FIRST, _OTHER])

    key, _ = keys.create("one")

    assert key == _OTHER
    assert (tmp_path / "lr_aebfc.toml").read_text() == "damaged"


def test_full_key_space_is_refused(tmp_path: Path) -> None:
    keys = _drawing(tmp_path, [_FIRST] * 2000)
    keys.create("one")

    with pytest.raises(RefusedError) as caught:
        keys.create("two")

    assert _code(caught) is ErrorCode.UNAVAILABLE


@pytest.mark.parametrize("name", ["", "a" * 201, "two\nlines", "tab\t", "\x1b[31m", "\udcff"])
def test_unusable_name_is_refused(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)

    with pytest.raises(RefusedError) as caught:
        store.keys.create(name)

    assert _code(caught) is ErrorCode.INVALID_REQUEST
    assert store.keys.list() == []


@pytest.mark.parametrize("name", ["a", "a" * 200, "Zoë's app [/] 'x' \"y\"", "名前"])
def test_name_is_kept_as_given(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)

    store.keys.create(name)

    assert [record.name for record in store.keys.list()] == [name]


def test_keys_are_listed_oldest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)

    made = [store.keys.create(f"app {number}")[1].key_id for number in range(5)]

    assert [record.key_id for record in store.keys.list()] == made


def test_revoked_key_is_not_listed_but_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _, record = store.keys.create("app")

    revoked = store.keys.revoke(record.key_id)

    assert store.keys.list() == []
    assert store.keys.get(record.key_id) == revoked
    assert not revoked.is_live


def test_withdrawn_key_was_never_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _, record = store.keys.create("app")

    store.keys.withdraw(record.key_id)

    assert store.keys.ids() == set()
    assert store.keys.bootstrap() is not None


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no record be written anew, as on a disk without a free block."""
    real_open = os.open

    def open_others(path: str, *rest: int, **more: int) -> int:
        if ".tmp-" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_open(path, *rest, **more)

    monkeypatch.setattr(os, "open", open_others)


def _rewrite(store: Store, key_id: str, *, end: str) -> Path:
    """Let the record of a key end in `end`, as if it had been edited."""
    path = store.keys.directory / f"{key_id}.toml"
    path.write_text(path.read_text().rstrip("\n") + end)
    return path


@pytest.mark.parametrize("end", ["\n", "", "\n# Leaked."])
def test_key_is_revoked_on_a_full_disk(
    tmp_path: Path, request: pytest.FixtureRequest, end: str
) -> None:
    store = Store(tmp_path)
    _, made = store.keys.create("app")
    _rewrite(store, made.key_id, end=end)
    os.utime(store.keys.directory, (1000, 1000))
    request.getfixturevalue("full_disk")

    revoked = store.keys.revoke(made.key_id)

    assert not revoked.is_live
    assert store.keys.get(made.key_id) == revoked
    # A running server reads a directory again whose time has changed.
    assert store.keys.directory.stat().st_mtime > 1000


def test_record_that_cannot_be_added_to_is_left_on_a_full_disk(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = Store(tmp_path)
    _, made = store.keys.create("app")
    path = _rewrite(store, made.key_id, end="\n[notes]\nowner = 'me'\n")
    before = path.read_text()
    request.getfixturevalue("full_disk")

    with pytest.raises(StoreError, match=_FULL):
        store.keys.revoke(made.key_id)

    assert path.read_text() == before


@pytest.mark.parametrize("taken", [0, 5])
def test_record_is_left_on_a_full_disk_that_takes_a_part_only(
    tmp_path: Path, request: pytest.FixtureRequest, taken: int
) -> None:
    store = Store(tmp_path)
    _, made = store.keys.create("app")
    size = (store.keys.directory / f"{made.key_id}.toml").stat().st_size
    request.getfixturevalue("full_disk")

    with _limited_file_size(size + taken), pytest.raises(StoreError, match=_FULL):
        store.keys.revoke(made.key_id)

    assert store.keys.get(made.key_id) == made


@contextmanager
def _limited_file_size(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("key_id", ["lr_00000", "", "../secret", "lr_0000", "LR_00000"])
def test_revoking_what_is_no_key_is_refused(tmp_path: Path, key_id: str) -> None:
    with pytest.raises(RefusedError) as caught:
        Store(tmp_path).keys.revoke(key_id)

    assert _code(caught) is ErrorCode.NOT_FOUND


def test_revoking_twice_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _, record = store.keys.create("app")
    store.keys.revoke(record.key_id)

    with pytest.raises(RefusedError) as caught:
        store.keys.revoke(record.key_id)

    assert _code(caught) is ErrorCode.NOT_FOUND


def test_bootstrap_draws_a_key_only_if_there_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)

    first, second = store.keys.bootstrap(), store.keys.bootstrap()

    assert first is not None
    assert is_api_key(first[0])
    assert second is None
    assert [record.name for record in store.keys.list()] == ["bootstrap"]


def test_bootstrap_takes_a_given_key(tmp_path: Path) -> None:
    store = Store(tmp_path)

    made = store.keys.bootstrap(_FIRST)

    assert made is not None
    assert made[0] == _FIRST
    assert matches(_FIRST, store.keys.list()[0])


@pytest.mark.parametrize("given", [None, _FIRST, "secret"])
def test_bootstrap_leaves_a_store_that_holds_a_key(tmp_path: Path, given: str | None) -> None:
    store = Store(tmp_path)
    store.keys.create("app")

    assert store.keys.bootstrap(given) is None
    assert [record.name for record in store.keys.list()] == ["app"]


@pytest.mark.parametrize("given", [None, _FIRST, "secret"])
def test_bootstrap_leaves_a_store_that_holds_a_revoked_key(
    tmp_path: Path, given: str | None
) -> None:
    store = Store(tmp_path)
    store.keys.bootstrap(_FIRST)
    store.keys.revoke(_FIRST[:8])

    assert store.keys.bootstrap(given) is None
    assert store.keys.list() == []


@pytest.mark.parametrize("key", ["secret", _FIRST.upper(), _FIRST[:-1], _FIRST + "0", "é" * 35])
def test_bootstrap_refuses_a_key_of_another_form(tmp_path: Path, key: str) -> None:
    store = Store(tmp_path)

    with pytest.raises(RefusedError) as caught:
        store.keys.bootstrap(key)

    assert _code(caught) is ErrorCode.API_KEY_INVALID
    assert key not in caught.value.message
    assert not store.keys.directory.exists()


def test_files_that_are_no_keys_are_ignored(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keys.create("app")
    files.write_record(store.keys.directory / "notes.toml", "Mine.", {"x": 1})

    assert [record.name for record in store.keys.list()] == ["app"]


def test_damaged_key_stops_the_listing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _, record = store.keys.create("app")
    path = store.keys.directory / f"{record.key_id}.toml"
    path.write_text("")

    with pytest.raises(StoreError, match=rf"{record.key_id}\.toml is damaged \(sha256 is missing"):
        store.keys.list()

    assert path.read_text() == ""
