"""Which file settings are read from."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Never

import pytest

from liverelay.config import (
    Settings,
    default_config_file,
    load_settings,
)
from liverelay.errors import ConfigError
from tests.support.settings import load_config


def test_file_may_be_named_by_a_variable(config_file: Path) -> None:
    config_file.write_text("port = 9")

    settings = load_settings(environment={"LIVERELAY_CONFIG": str(config_file)})

    assert settings.port == 9


@pytest.mark.parametrize("source", ["--config", "LIVERELAY_CONFIG"])
def test_file_may_be_named_from_the_home_directory(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    config_file.write_text("port = 9")
    monkeypatch.setenv("HOME", str(config_file.parent))

    def load(name: str) -> Settings:
        if source == "--config":
            return load_settings(config_file=Path(name), environment={})
        return load_settings(environment={source: name})

    assert load("~/config.toml").port == 9
    with pytest.raises(ConfigError) as caught:
        load("~no-such-user/config.toml")
    assert str(caught.value) == (
        f"{source}: '~no-such-user/config.toml' is in the home of a user unknown here"
    )


def test_file_named_by_the_flag_wins_over_the_variable(config_file: Path) -> None:
    settings = load_config(config_file, "port = 9", environment={"LIVERELAY_CONFIG": "/nowhere"})

    assert settings.port == 9


def test_file_of_the_user_is_read_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    without = load_settings(environment={})
    default_config_file().parent.mkdir()
    default_config_file().write_text("port = 9")

    assert default_config_file() == tmp_path / "liverelay" / "config.toml"
    assert without.port == 8080
    assert load_settings(environment={}).port == 9


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: no such configuration file"):
        load_settings(config_file=tmp_path / "none.toml", environment={})


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(config_file=tmp_path, environment={})


def _deny(*_: object, **__: object) -> Never:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_file_of_the_user_is_not_there_if_its_directory_may_not_be_entered(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as home:
        home.setattr(Path, "read_text", _deny)
        home.setattr(os, "stat", _deny)
        settings = load_settings(environment={})
        with pytest.raises(ConfigError) as named:
            load_settings(config_file=config_file, environment={})

    assert settings == Settings()
    assert str(named.value) == f"{config_file}: cannot be read: Permission denied"


def test_file_of_the_user_that_is_there_must_be_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    default_config_file().parent.mkdir()
    default_config_file().touch()
    monkeypatch.setattr(Path, "read_text", _deny)

    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read: Permission denied"):
        load_settings(environment={})
