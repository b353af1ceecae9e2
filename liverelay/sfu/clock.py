"""The server's NTP clock, and a publisher's as seen from it.

Viewers align sound and picture by the NTP times of sender reports. Those of two publishers lie on
clocks that may be hours apart, and libwebrtc ignores reports whose time has jumped: for six seconds
after one publisher follows another, sound would be played by the new clock and the picture by the
old one. So what viewers are told is always on one clock, the server's.
"""

from __future__ import annotations

NTP_UNITS_PER_SECOND = 1 << 32

_MASK = (1 << 64) - 1
_HALF = 1 << 63

# More than a report is ever late. A clock this far from where it was has been set, or has drifted
# for hours.
_MAX_DEVIATION = 1.0


def ntp_units(seconds: float) -> int:
    """Return an interval in units of NTP timestamps: 2^-32 s."""
    return int(seconds * NTP_UNITS_PER_SECOND)


class PublisherClock:
    """Translates the NTP times of one session.

    All its streams are translated by the same distance, so that they stay as the publisher aligned
    them. It is measured once, because the next report's delay differs, and again if the publisher's
    clock is set. `ntp_at_zero` is the server's NTP time in seconds when `now` was 0.
    """

    __slots__ = ("_distance", "_ntp_at_zero")

    def __init__(self, ntp_at_zero: float) -> None:
        self._ntp_at_zero = ntp_at_zero
        self._distance: int | None = None

    def translate(self, ntp_time: int, now: float) -> int:
        """Return the publisher's `ntp_time`, of a report that has just come, as the server's."""
        distance = ntp_units(self._ntp_at_zero + now) - ntp_time
        if self._distance is None or _magnitude(distance - self._distance) > ntp_units(
            _MAX_DEVIATION
        ):
            self._distance = distance
        return (ntp_time + self._distance) & _MASK


def _magnitude(difference: int) -> int:
    """Return how far apart two times are, modulo 2^64 as they are."""
    return abs((difference + _HALF & _MASK) - _HALF)
