"""The one place that reads the wall clock.

Wall time is for what outlives the process or leaves it: records on disk, token claims, sender
reports. Everything that measures an interval takes a monotonic `now` argument instead, because
the wall clock jumps when NTP corrects it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

_SECONDS_FROM_1900_TO_1970 = 2_208_988_800


def utc_now() -> datetime:
    return datetime.now(UTC)


def unix_now() -> int:
    """Return whole seconds since 1970, as token claims count them (RFC 7519 section 2)."""
    return int(time.time())


def ntp_now() -> float:
    """Return seconds since 1900, as sender reports count them (RFC 3550 section 4)."""
    return time.time() + _SECONDS_FROM_1900_TO_1970


def unix_now_ns() -> int:
    """Return nanoseconds since 1970, as file times count them."""
    return time.time_ns()
