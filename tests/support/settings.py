"""Settings as they are read from a configuration file, and what is said of a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liverelay.config import Settings, load_settings
from liverelay.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def load_config(config_file: Path, text: str = "", **sources: Any) -> Settings:
    config_file.write_text(text)
    return load_settings(config_file=config_file, **{"environment": {}, **sources})


def config_error(config_file: Path, text: str = "", **sources: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(config_file, text, **sources)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence.replace(str(config_file), "FILE")
