"""How much was sent, and when: the rate at any moment of the last seconds."""

from __future__ import annotations

from bisect import bisect_right

# Older than any report that could still be about it.
_MAX_AGE = 4.0
# Closer samples say nothing more, and a peer can cause as many as it likes.
_MIN_INTERVAL = 0.02


class SentLog:
    """Samples of one growing count of bytes, taken at the `times` that it shares with others."""

    __slots__ = ("_times", "octets")

    def __init__(self, times: list[float]) -> None:
        self.octets: list[int] = []
        self._times = times

    def latest_bps(self, window: float, now: float) -> float | None:
        """Return the rate of the last `window`, or of half of it at least; None before that."""
        if not self._times or now - self._times[0] < window / 2:
            return None
        return self.bitrate_bps(max(now - window, self._times[0]), now)

    def bitrate_bps(self, start: float, end: float) -> float | None:
        """Return the mean rate between two moments; None if the first lies before all samples."""
        octets = self.octets_between(start, end)
        return None if octets is None or end <= start else 8 * octets / (end - start)

    def octets_between(self, start: float, end: float) -> float | None:
        """Return how much was sent in that time; None if it begins before all samples."""
        before, after = self._octets_at(start), self._octets_at(end)
        return None if before is None or after is None else after - before

    def _octets_at(self, time: float) -> float | None:
        following = bisect_right(self._times, time)
        if following == 0:
            return None
        since, octets = self._times[following - 1], self.octets[following - 1]
        if following == len(self._times):
            return octets
        share = (time - since) / (self._times[following] - since)
        return octets + share * (self.octets[following] - octets)


class SentLogs:
    """What one session was sent: all media, what was repeated beside them, and sound alone."""

    __slots__ = ("_times", "media", "repeated", "sound")

    def __init__(self) -> None:
        self._times: list[float] = []
        self.media = SentLog(self._times)
        self.repeated = SentLog(self._times)
        self.sound = SentLog(self._times)

    def is_due(self, now: float) -> bool:
        """Return whether the last sample is long enough ago for another to say more."""
        return not self._times or now - self._times[-1] >= _MIN_INTERVAL

    def add(self, media_octets: int, repeated_octets: int, sound_octets: int, now: float) -> None:
        """Note how much had been sent by `now`, when a sample was due."""
        times = self._times
        times.append(now)
        self.media.octets.append(media_octets)
        self.repeated.octets.append(repeated_octets)
        self.sound.octets.append(sound_octets)
        # The last sample before the limit stays: what lies between it and the next is known.
        outdated = bisect_right(times, now - _MAX_AGE) - 1
        if outdated > 0:
            del times[:outdated]
            for log in (self.media, self.repeated, self.sound):
                del log.octets[:outdated]

    def total_between(self, start: float, end: float) -> float | None:
        """Return how much was sent in that time; None if it begins before all samples."""
        media = self.media.octets_between(start, end)
        repeated = self.repeated.octets_between(start, end)
        return None if media is None or repeated is None else media + repeated

    def video_between(self, start: float, end: float) -> float:
        """Return how much of that was not sound, as far as is known."""
        return (self.total_between(start, end) or 0.0) - (
            self.sound.octets_between(start, end) or 0.0
        )
