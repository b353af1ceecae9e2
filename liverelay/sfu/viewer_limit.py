"""Telling a publisher of one encoding what its viewers can take.

Of several encodings each viewer gets the one that suits it. Of one alone there is nothing to
choose: where it is too much for every viewer, as in a call of two, the publisher has to send less.
libwebrtc takes an estimate (REMB) for a cap beside its own, also where it goes by transport-cc;
Chromium was seen to follow one within a second, and to be free as soon as it is told so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liverelay.sdp.parameters import MediaKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.sfu.publication import Publication

_INTERVAL = 0.5
# An encoder does not hold its rate, and what is granted anew needs room to spare.
_SHARE = 0.85
# For sound and headers. Chromium takes 100 kbit/s off what it is told for these.
_BESIDE_VIDEO_BPS = 64_000
# A picture of less is none.
_MIN_LIMIT_BPS = 100_000
# More than anybody sends. It is told for a while, since what is told can get lost.
UNLIMITED_BPS = 100_000_000
_LIFTING_TIME = 5.0


class ViewerLimit:
    """What one session is told, twice a second, while it is to send less and a while after."""

    __slots__ = ("_limited_at", "_told_at")

    def __init__(self) -> None:
        self._told_at = -math.inf
        self._limited_at = -math.inf

    def take(self, publications: Iterable[Publication], now: float) -> int | None:
        """Return what is to be told now, in bits per second; None if nothing."""
        if now - self._told_at < _INTERVAL:
            return None
        limits = [
            publication.take_viewers_limit()
            for publication in publications
            if publication.parameters.kind is MediaKind.VIDEO
        ]
        known = [limit for limit in limits if limit is not None]
        if not known:
            return self._lift(now)
        self._told_at = self._limited_at = now
        return max(_MIN_LIMIT_BPS, int(_SHARE * max(known))) + _BESIDE_VIDEO_BPS

    def _lift(self, now: float) -> int | None:
        if now - self._limited_at >= _LIFTING_TIME:
            return None
        self._told_at = now
        return UNLIMITED_BPS
