from __future__ import annotations

from typing import TYPE_CHECKING

import filelock
import pytest

from liverelay.errors import StoreError
from liverelay.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_secret_is_made_once_and_stays(tmp_path: Path) -> None:
    secret = Store(tmp_path).token_secret()

    assert len(secret) >= 32
    assert Store(tmp_path).token_secret() == secret


def test_secrets_of_two_stores_differ(tmp_path: Path) -> None:
    assert Store(tmp_path / "a").token_secret() != Store(tmp_path / "b").token_secret()


def test_secret_written_by_hand_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text(f'token_secret = "{"s" * 32}"\n')

    assert Store(tmp_path).token_secret() == b"s" * 32


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"token_secret = 5", b'token_secret = "short"', b"token_secret ="]
)
def test_damaged_secret_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.toml"
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"secret\.toml is damaged"):
        Store(tmp_path).token_secret()

    assert path.read_bytes() == content


def test_lock_held_for_too_long_is_a_store_error(tmp_path: Path) -> None:
    store = Store(tmp_path, lock_timeout=0.0)

    with (
        filelock.FileLock(tmp_path / ".lock"),
        pytest.raises(StoreError, match="is locked by another process"),
    ):
        store.keys.create("app")


def test_lock_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()

    with pytest.raises(StoreError, match="cannot be locked: Is a directory"):
        Store(tmp_path).keys.create("app")


def test_lock_is_released_when_its_holder_fails(tmp_path: Path) -> None:
    store = Store(tmp_path, lock_timeout=0.0)

    with pytest.raises(KeyError), store.lock():
        raise KeyError

    assert store.keys.create("app")
