"""Finding out whether a path carries more: a rate that rises until it is enough, or too much.

Only sending more can tell. A rate that grows by half each second passes what the path carries by a
little before the viewer's reports say so, and the queue that this makes is short; a leap would fill
it, and sound would wait in it.
"""

from __future__ import annotations

_GROWTH_PER_SECOND = 1.5
# Slow enough that congestion of our own making is gone before the next attempt; no slower than that
# a path that has recovered is used again within 15 seconds.
_FIRST_PAUSE = 2.0
_LAST_PAUSE = 4.0
# What was not sent in time is not made up for, and a keyframe counts for no longer than it takes to
# leave a queue.
_MAX_OWED_TIME = 0.1
_MAX_AHEAD_TIME = 0.3
# A viewer that says nothing for so long may have lost everything.
_MAX_SILENCE = 1.5
# From 10 kbit/s it takes 28 seconds to 1 Gbit/s. A viewer who hears all that time and says neither
# that it is enough nor that it is too much would keep others from their turn.
_MAX_TIME = 30.0
# An attempt takes a few seconds and adds about 1 Mbit/s on the mean: all together these are a few
# hundredths of what a port of 1 Gbit/s carries, and let ten viewers a second have their turn. If
# what is too narrow is the server's own uplink, more at a time would only take it from each other.
MAX_PROBES = 32
# Attempts are looked at many times a second. One that is not has ended with its session.
_LEASE = 1.0


class ProbeSlots:
    """Lets only so many sessions of a server probe at the same time; the others wait."""

    __slots__ = ("_count", "_used_at")

    def __init__(self, count: int = MAX_PROBES) -> None:
        self._count = count
        self._used_at: dict[BandwidthProbe, float] = {}

    def has_free(self, now: float) -> bool:
        if len(self._used_at) >= self._count:
            self._used_at = {
                probe: used_at for probe, used_at in self._used_at.items() if now - used_at < _LEASE
            }
        return len(self._used_at) < self._count

    def use(self, probe: BandwidthProbe, now: float) -> None:
        """Note that `probe` is running."""
        self._used_at[probe] = now

    def free(self, probe: BandwidthProbe) -> None:
        self._used_at.pop(probe, None)


class BandwidthProbe:
    """The attempts of one session, with pauses that get longer while they fail.

    Each takes one of the `slots` for as long as it runs.
    """

    def __init__(self, now: float, slots: ProbeSlots) -> None:
        self._slots = slots
        self._pause = _FIRST_PAUSE
        self._next_at = now + _FIRST_PAUSE
        self._begun_at: float | None = None
        self._begun_from = 0.0
        self._heard_at = now
        self._owed = 0.0
        self._counted = 0
        self._counted_at = now

    @property
    def is_running(self) -> bool:
        return self._begun_at is not None

    def may_begin(self, now: float) -> bool:
        return self._begun_at is None and now >= self._next_at and self._slots.has_free(now)

    def begin(self, bitrate_bps: float, octets: int, now: float) -> None:
        """Rise from `bitrate_bps` on; `octets` is what has been sent in all by now."""
        self._begun_at = self._heard_at = self._counted_at = now
        self._begun_from = bitrate_bps
        self._owed = 0.0
        self._counted = octets
        self._slots.use(self, now)

    def on_report(self, now: float) -> None:
        """Note that the viewer still hears and is heard."""
        self._heard_at = now

    def is_in_vain(self, now: float) -> bool:
        """Return whether the viewer is unheard, or nothing has come of it for too long."""
        if self._begun_at is None:
            return False
        return now - self._heard_at > _MAX_SILENCE or now - self._begun_at > _MAX_TIME

    def owed_octets(self, octets: int, goal_bps: float, now: float) -> int:
        """Return how much more to send now to be at the rate aimed at; `goal_bps` at most."""
        assert self._begun_at is not None
        self._slots.use(self, now)
        elapsed = now - self._begun_at
        target_bps = min(self._begun_from * _GROWTH_PER_SECOND**elapsed, goal_bps)
        rate = target_bps / 8
        self._owed += rate * (now - self._counted_at) - (octets - self._counted)
        self._owed = min(max(self._owed, -rate * _MAX_AHEAD_TIME), rate * _MAX_OWED_TIME)
        self._counted, self._counted_at = octets, now
        return max(0, int(self._owed))

    def succeed(self, now: float) -> None:
        """End the attempt: there is room for all that is wanted."""
        self._slots.free(self)
        self._begun_at = None
        self._pause = _FIRST_PAUSE
        self._next_at = now + _FIRST_PAUSE

    def fail(self, now: float) -> None:
        """End the attempt, if one is running, and wait: longer each time that one has failed."""
        self._slots.free(self)
        self._next_at = now + self._pause
        if self._begun_at is not None:
            self._begun_at = None
            self._pause = min(2 * self._pause, _LAST_PAUSE)
