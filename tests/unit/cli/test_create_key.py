"""A new key that can neither be shown nor withdrawn, for which a disk must fail in between."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, NoReturn

import pytest

from liverelay.cli.keys import create_key
from liverelay.errors import OutputError
from liverelay.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_key_that_cannot_be_withdrawn_is_named(
    tmp_path: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object, **_: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    with open("/dev/full", "w") as full, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", full)
        patched.setattr(os, "unlink", fail)
        with pytest.raises(OutputError) as caught:
            create_key(
                name="app",
                as_json=False,
                quiet=False,
                config=config_file,
                data_dir=tmp_path,
            )

    (left,) = Store(tmp_path).keys.list()
    assert re.fullmatch(
        r"standard output cannot be written: No space left on device; the new key is still valid, "
        rf"because it could not be deleted \(\S+{left.key_id}\.toml: cannot be deleted: "
        rf"Read-only file system\): liverelay keys revoke {left.key_id}",
        str(caught.value),
    )
