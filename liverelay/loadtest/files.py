"""How many clients this process may have: each has a socket of its own."""

from __future__ import annotations

from liverelay.errors import ConfigError
from liverelay.open_files import allow_open_files

# HTTP connections, and what any Python process has open.
_OTHER_FILES = 64


def allow_files_for(clients: int) -> None:
    """Let this process have a socket for each of so many clients.

    Raises:
        ConfigError: The system does not allow it.
    """
    needed = clients + _OTHER_FILES
    allowed = allow_open_files(needed)
    if allowed < needed:
        raise ConfigError(
            f"{clients} clients need {needed} open files, and {allowed} are allowed "
            "(`ulimit -Hn`): give fewer --subscribers"
        )
