"""Slowing down an address that keeps sending wrong API keys."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict, deque

_WINDOW = 60.0

# About 2 kB each at worst. Past this the longest idle address is forgotten, which lets it start
# afresh: a flood from that many addresses is not one that a counter by address can hold off.
_MAX_ADDRESSES = 10_000

# An IPv6 host owns its whole /64 and can send each request from another address of it.
_IPV6_PREFIX = 64


class FailureLimiter:
    """Counts failures by address over a sliding minute. Times are monotonic seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def record_failure(self, address: str, now: float) -> int | None:
        """Note a failure; return None, or the seconds to wait if the limit was reached before."""
        if self._limit == 0:
            return None
        failures = self._recent(_network(address), now)
        if len(failures) >= self._limit:
            return max(1, math.ceil(failures[0] + _WINDOW - now))
        failures.append(now)
        return None

    def _recent(self, network: str, now: float) -> deque[float]:
        failures = self._failures.setdefault(network, deque())
        self._failures.move_to_end(network)
        while failures and failures[0] <= now - _WINDOW:
            failures.popleft()
        if len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)
        return failures


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # A Unix socket has no address; all its clients count as one.
        return address
    if parsed.version == 4:
        return address
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
