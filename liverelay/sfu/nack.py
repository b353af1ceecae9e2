"""Asking a publisher for the packets that did not arrive, once for all who watch.

A gap is seen where the stream enters the server, sooner than any viewer can see it. So a viewer's
own NACK for a packet that the server misses too needs nothing more: it has been asked for, and when
it comes it is forwarded to everyone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# Packets overtake each other by a few milliseconds on ordinary paths; longer if seen to.
_MIN_TOLERANCE = 0.01
_MAX_TOLERANCE = 0.05
# More than what was seen, as the next packet may be later still.
_TOLERANCE_MARGIN = 1.25
# What one repair takes off a tolerance that reordering has raised.
_TOLERANCE_DECAY = 0.9
# Until a repair has been timed; libwebrtc assumes the same.
_FIRST_ROUND_TRIP = 0.1
_MIN_RETRY_INTERVAL = 0.02
# A repair is late by this part of a round trip before it is taken for lost.
_RETRY_MARGIN = 1.25
# Few enough to follow a path that changes.
_ROUND_TRIP_SAMPLES = 15
# A packet that was lost twice is asked for this often, however long the path: a request too many
# costs less than the picture standing still. Measured at 20 % loss and a round trip of 300 ms: 98 %
# of the frames instead of 63 with a round trip between all requests.
_MAX_RETRY_INTERVAL = 0.1
# Twice as often as libwebrtc asks. Where three in ten are lost each way, half of the requests bring
# nothing, and of 800 lost packets one takes more than ten.
_MAX_TRIES = 20
# Browsers wait three seconds before they ask for a keyframe, which takes a while to come.
_MAX_AGE = 2.7
# Half a second of a 4 Mbit/s video: repairing more than that would delay what is new. In one NACK
# it fits a datagram, however scattered.
_MAX_MISSING = 256


@dataclass(slots=True)
class _Missing:
    """One packet that has not come; `tries` says how often it was asked for."""

    noticed_at: float
    due: float
    first_asked_at: float = 0.0
    tries: int = 0


class NackGenerator:
    """Knows what one inbound stream misses, and when to ask for it.

    A packet is asked for when reordering can no longer explain its absence, again after a round
    trip, then more often, and no more when it would come too late; video then wants a keyframe. The
    round trip is how long repairs take: the lower quartile, as some needed a second request.

    Numbers are extended sequence numbers, times seconds on the caller's monotonic clock.
    """

    __slots__ = (
        "_gave_up",
        "_given_up",
        "_keyframe",
        "_missing",
        "_next_due",
        "_tolerance",
        "_trips",
    )

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._next_due: float | None = None
        self._tolerance = _MIN_TOLERANCE
        self._trips: deque[float] = deque(maxlen=_ROUND_TRIP_SAMPLES)
        # The highest numbers of each.
        self._keyframe = -1
        self._given_up = -1
        self._gave_up = False

    @property
    def needs_keyframe(self) -> bool:
        """Whether later packets may refer to one that will not come."""
        return self._given_up > self._keyframe

    def on_gap(self, first: int, end: int, now: float) -> None:
        """Note that the packets from `first` to before `end` were passed over."""
        due = now + self._tolerance
        if len(self._missing) + end - first > _MAX_MISSING:
            self._missing.clear()
            self._give_up(end - 1)
            due = now
        else:
            self._missing.update((number, _Missing(now, due)) for number in range(first, end))
        self._next_due = due if self._next_due is None else min(self._next_due, due)

    def was_asked_for(self, number: int) -> bool:
        missing = self._missing.get(number)
        return missing is not None and missing.tries > 0

    def on_late(self, number: int, now: float, *, repaired: bool) -> None:
        """Note that a packet below the highest has come, by itself or because it was asked for."""
        missing = self._missing.pop(number, None)
        if missing is None:
            return
        if not self._missing and not self._gave_up:
            self._next_due = None
        if not repaired:
            lateness = _TOLERANCE_MARGIN * (now - missing.noticed_at)
            self._tolerance = min(max(self._tolerance, lateness), _MAX_TOLERANCE)
        elif missing.tries:
            self._trips.append(now - missing.first_asked_at)
            self._tolerance = max(self._tolerance * _TOLERANCE_DECAY, _MIN_TOLERANCE)

    def on_keyframe(self, number: int) -> None:
        """Note where a keyframe begins; what is missing before it needs no other."""
        self._keyframe = max(self._keyframe, number)

    def forget_missing(self) -> None:
        """Let go of what is missing: nobody watches, and whoever comes starts with a keyframe."""
        self._missing.clear()
        self._next_due = None
        self._gave_up = False

    def deadline(self) -> float | None:
        """Return when `take_lost` wants to be called; perhaps too early, never too late."""
        return self._next_due

    def take_lost(self, now: float) -> list[int]:
        """Return what is to be asked for at `now`, and give up what has been long enough."""
        lost = []
        patience = max(_MIN_RETRY_INTERVAL, _RETRY_MARGIN * self._round_trip())
        for number, missing in tuple(self._missing.items()):
            if missing.due > now:
                continue
            if missing.tries == _MAX_TRIES or now - missing.noticed_at >= _MAX_AGE:
                del self._missing[number]
                self._give_up(number)
                continue
            if not missing.tries:
                missing.first_asked_at = now
                missing.due = now + patience
            else:
                missing.due = now + min(patience, _MAX_RETRY_INTERVAL)
            missing.tries += 1
            lost.append(number)
        self._next_due = min((each.due for each in self._missing.values()), default=None)
        return lost

    def take_gave_up(self) -> bool:
        """Return whether a keyframe has come to be needed since the last call."""
        gave_up, self._gave_up = self._gave_up, False
        return gave_up and self.needs_keyframe

    def _round_trip(self) -> float:
        return sorted(self._trips)[len(self._trips) // 4] if self._trips else _FIRST_ROUND_TRIP

    def _give_up(self, number: int) -> None:
        self._given_up = max(self._given_up, number)
        self._gave_up = True
