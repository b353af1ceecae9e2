"""How many files this process may have open: each connection is one."""

from __future__ import annotations

import resource


def allow_open_files(wanted: int) -> int:
    """Let this process have so many files open, and return how many of them the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (ValueError, OSError):
        # macOS has a limit of its own below one that it calls infinite.
        return soft
    return allowed
