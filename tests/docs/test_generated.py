from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import typer

from liverelay.cli.app import TRACEBACK_VARIABLE, app
from liverelay.config import CONFIG_VARIABLE, list_settings, load_settings
from liverelay.server.runner import BOOTSTRAP_VARIABLE
from tests.docs.generate import pages, render_cli, render_config

if TYPE_CHECKING:
    from pathlib import Path

    from liverelay.setting import Setting

_PAGES = pages()

# What the contract asks of `liverelay serve` at least.
_PROMISED_FLAGS = {
    "--host",
    "--port",
    "--udp-port",
    "--public-address",
    "--data-dir",
    "--config",
    "--tls-cert",
    "--tls-key",
    "--cors-origin",
    "--log-level",
    "--log-format",
}

# For each kind of setting, a value as it is written in the environment.
_EXAMPLES = {
    "host": "127.0.0.1",
    "public_address": "sfu.example.com",
    "data_dir": "/srv/liverelay",
    "cors_origin": "https://example.com",
    "metrics_token": "a-token-of-metrics",
    "metrics_bind": "127.0.0.1:9464",
    "log_level": "debug",
    "log_format": "json",
}


def _serve() -> Any:
    commands: Any = typer.main.get_command(app)
    return commands.commands["serve"]


def _flags() -> set[str]:
    return {name for option in _serve().params for name in option.opts}


def _example(setting: Setting) -> str:
    return _EXAMPLES.get(setting.name, "77")


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_page_is_fresh(page: Path) -> None:
    assert page.read_text("utf-8") == _PAGES[page], "run `make docs`"


def test_serve_has_the_promised_flags() -> None:
    assert _flags() >= _PROMISED_FLAGS


@pytest.mark.parametrize("setting", list_settings(), ids=lambda setting: setting.name)
def test_setting_has_flag_and_reference(setting: Setting) -> None:
    assert setting.flag in _flags()
    assert f"`{setting.flag}` | `{setting.environment}`" in render_config()
    assert re.search(rf"^  {setting.flag} \S+  ", render_cli(), re.MULTILINE)
    assert setting.help.endswith(".")


# TLS and the webhook are set in pairs only; their tests are in tests/unit/test_config.py.
@pytest.mark.parametrize(
    "setting",
    [setting for setting in list_settings() if not setting.name.startswith(("tls_", "webhook_"))],
    ids=lambda setting: setting.name,
)
def test_setting_is_read_from_every_source(setting: Setting, tmp_path: Path) -> None:
    text = _example(setting)
    number = text.isdigit()
    file = tmp_path / "config.toml"
    file.write_text(f"{setting.name} = {text if number else repr(text)}\n")

    from_file = load_settings(config_file=file, environment={})
    empty = tmp_path / "empty.toml"
    empty.touch()
    from_environment = load_settings(config_file=empty, environment={setting.environment: text})
    flag: object = int(text) if number else text
    flags = {setting.name: [flag] if isinstance(setting.default, tuple) else flag}
    from_flags = load_settings(config_file=empty, environment={}, flags=flags)

    assert from_file == from_environment == from_flags
    assert getattr(from_file, setting.name) != setting.default


def test_every_option_says_what_it_takes() -> None:
    options = re.findall(r"^  (?:-q, )?--\S+.*", render_cli(), re.MULTILINE)

    assert len(options) > 40
    assert not [line for line in options if " None" in line or line.endswith("  ")]


def test_variables_that_are_no_settings_are_in_the_reference() -> None:
    for variable in (BOOTSTRAP_VARIABLE, CONFIG_VARIABLE, TRACEBACK_VARIABLE):
        assert variable in render_config()


def test_example_configuration_is_valid(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", render_config(), re.DOTALL)[0]
    file = tmp_path / "config.toml"
    file.write_text(example)

    settings = load_settings(config_file=file, environment={})

    assert {name for name in tomllib.loads(example) if not hasattr(settings, name)} == set()
    assert settings.port == 443
