"""How many files this process may have open: each client has a socket of its own."""

from __future__ import annotations

import resource

from liverelay.errors import ConfigError

# HTTP connections, and what any Python process has open.
_OTHER_FILES = 64


def allow_files_for(clients: int) -> None:
    """Let this process have a socket for each of so many clients.

    Raises:
        ConfigError: The system does not allow it.
    """
    needed = clients + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        raise ConfigError(
            f"{clients} clients need {needed} open files, and {hard} are allowed (`ulimit -Hn`): "
            "give fewer --subscribers"
        ) from None
