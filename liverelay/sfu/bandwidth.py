"""What the path to one viewer carries, judged by what the viewer reports.

Reports are hints, not orders. A receiver's estimate (REMB) follows what it is sent, slowly, so one
that is lower than what is being sent means nothing as long as it rises; and loss on a radio link is
no congestion. A limit is believed when the signs agree.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from liverelay.sfu.sent_log import SentLog

# Rates are compared over this time: it evens out keyframes.
_WINDOW = 1.0
# libwebrtc lowers its estimate to 85 % of what comes in at the first delay, be it a hiccup of the
# receiver's own processor. Below this share of what is sent it is no hiccup.
_CERTAIN_SHARE = 0.65
_DECREASE = 0.85
# Otherwise it goes no higher than this above what comes in.
_HEADROOM = 1.5
# So much more than the estimate after a fall may get through, and a bit for measuring it.
_CARRIED_BY_FALL = 1.3 / _DECREASE
# An estimate that is too low and has not risen for this time is meant. Nothing is hurried by it:
# where too much is sent for long, loss tells before.
_SUSPICION_TIME = 2.0
# Until then it proves nothing to have sent more.
_DOUBT_TIME = 0.6
# Falls closer than this are one, reported in steps.
_MIN_REPETITION_TIME = 0.4
# Two within this time are meant, whatever is between them.
_MAX_REPETITION_TIME = 3.0
_FALL = 0.98
_RISE = 1.01

# draft-ietf-rmcat-gcc-02 section 6 lowers the rate where more than a tenth is lost. Here another
# sign has to agree: an encoder that sends a little less loses little, a viewer without video all.
_HIGH_LOSS = 0.1
# At a known limit less is enough, or a layer that hardly fits is repaired for ever and never whole.
_LOSS_AT_LIMIT = 0.04
# Loss that stays whatever is sent is the link's own; this much of it is learned by each report.
_LEARNED_LOSS = 0.01
# More than any radio link loses for long: in two reports, or much more in one.
_CERTAIN_LOSS = 0.4
_CERTAIN_LOSS_AT_ONCE = 0.6
# Reports cover a second: one that comes so soon after a limit is about what led to it...
_REPORT_TIME = 0.5
# ...and all are about what was sent a while ago, if there is a queue.
_REPORT_DELAY = 0.4
# Queues that grow by so much are of our making.
_QUEUE_FACTOR = 1.5
_QUEUE_TIME = 0.1
# A round trip is measured about once a second, and says more than an estimate that stands still.
_CLEAR_TIME = 1.5

# Time for signs of trouble to show and to come back, beside the round trip.
_REACTION_TIME = 0.5
_VERIFIED_WINDOW = 0.5
# Two seconds of rates of arrival: what was lost is known when the second after it is.
_RATES_KEPT = 4

# Sound is sent whatever the budget; below it there is nothing to divide.
_MIN_BUDGET_BPS = 10_000.0


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """An estimate that is lower than what is sent: since when it has not risen, and from where."""

    bitrate_bps: float
    since: float


class BandwidthEstimator:
    """The budget of one viewer's session in bits per second; None while nothing speaks for a limit.

    A limit comes from the viewer's reports. It rises by what has been sent without trouble since,
    so somebody has to send more for it to grow (see `BandwidthProbe`).
    """

    def __init__(self) -> None:
        self.budget_bps: float | None = None
        self.reported_bps: float | None = None
        self.warned_at: float | None = None
        self._arrived: deque[float] = deque(maxlen=_RATES_KEPT)
        self._sent = SentLog()
        self._media = SentLog()
        self._suspicion: _Suspicion | None = None
        self._fell_at: float | None = None
        self._lowered_at: float | None = None
        self._probed_at: float | None = None
        self._proven_bps = 0.0
        self._usual_loss = self._last_loss = 0.0
        self._round_trip_time = 0.0
        self._measured_at = -math.inf
        self._min_round_trip_time: float | None = None

    @property
    def is_limited(self) -> bool:
        return self.budget_bps is not None

    @property
    def available_bps(self) -> float | None:
        """The budget; without one what the viewer believes, or what it had before if that is more.

        Its estimate lags behind what goes through.
        """
        if self.budget_bps is not None or self.reported_bps is None:
            return self.budget_bps
        return max(self.reported_bps, self._proven_bps)

    def on_sent(self, media_octets: int, padding_octets: int, now: float) -> None:
        """Note how much has been sent in all; to be called before anything else at that time."""
        self._media.add(media_octets, now)
        self._sent.add(media_octets + padding_octets, now)

    def on_round_trip_time(self, round_trip_time: float, now: float) -> None:
        """Take a measurement; one that a queue has stretched warns."""
        self._round_trip_time, self._measured_at = round_trip_time, now
        known = self._min_round_trip_time
        self._min_round_trip_time = min(round_trip_time, known or round_trip_time)
        if self._is_queueing():
            self.warned_at = now

    def on_estimate(self, bitrate_bps: float, now: float) -> None:
        """Take the viewer's own estimate."""
        before, self.reported_bps = self.reported_bps, bitrate_bps
        sent, suspicion = self._sent.latest_bps(_WINDOW, now), self._suspicion
        if sent is None:
            return
        if before is not None and bitrate_bps < before * _FALL:
            self._on_fall(bitrate_bps, sent, now)
        elif bitrate_bps >= sent:
            self._suspicion = None
        elif suspicion is None or bitrate_bps > suspicion.bitrate_bps * _RISE:
            self._suspicion = _Suspicion(bitrate_bps, now)
        elif now - suspicion.since >= _SUSPICION_TIME and not self._is_clear(now):
            self.warned_at = now
            if bitrate_bps < self._media_bps(now):
                self._limit(bitrate_bps, now)

    def on_arrival_rate(self, bitrate_bps: float, now: float, *, is_congested: bool) -> None:
        """Take what has come through, of a viewer that says so instead of estimating.

        It makes the estimate that a receiver would, but that what comes through a congested path is
        known then, and not guessed.
        """
        self._arrived.append(bitrate_bps)
        self.reported_bps = bitrate_bps * (_DECREASE if is_congested else _HEADROOM)
        sent = self._sent.latest_bps(_WINDOW, now)
        if not is_congested:
            self._suspicion = None
        elif sent is not None:
            self._on_fall(self.reported_bps, sent, now)

    def on_loss(self, fraction_lost: float, now: float) -> None:
        """Take the share of packets that the viewer has lost in the last second."""
        excess = fraction_lost - self._usual_loss
        self._usual_loss += min(excess, _LEARNED_LOSS)
        is_certain = excess > _HIGH_LOSS and (
            fraction_lost > _CERTAIN_LOSS_AT_ONCE
            or min(fraction_lost, self._last_loss) > _CERTAIN_LOSS
        )
        self._last_loss = fraction_lost
        delay = max(_REPORT_DELAY, self._round_trip_time)
        since_lowered = math.inf if self._lowered_at is None else now - self._lowered_at
        is_old = since_lowered < _REPORT_TIME + delay
        sent = self._sent.latest_bps(_WINDOW, now)
        if sent is None or is_old:
            return
        sent = max(sent, self._sent.latest_bps(_WINDOW, now - delay) or 0.0)
        got_through = max(self._arrived, default=sent * (1 - fraction_lost))
        if self.budget_bps is not None and excess > _LOSS_AT_LIMIT:
            media = max(self._media_bps(now), self._media_bps(now - delay))
            if not self._arrived and self._was_probed(now, delay):
                # Too much was what was sent beside the media: without that, they were carried.
                self._limit(max(got_through, media), now)
            elif self._arrived or since_lowered < _WINDOW + delay:
                self._limit(got_through, now)
            else:
                # Not what got through: of that, the more is lost the more are retransmissions.
                self._limit(min(media, self.budget_bps) * (1 - fraction_lost / 2), now)
        elif is_certain:
            # What gets through a full queue is what the path carries.
            self._limit(max(got_through, self.reported_bps or 0.0), now)
        elif excess > _HIGH_LOSS and (self._is_queueing() or (self.reported_bps or sent) < sent):
            self._limit(sent * (1 - fraction_lost / 2), now)

    def on_probe(self, now: float) -> None:
        """Note that more is sent than is wanted."""
        self._probed_at = now

    def verify(self, now: float) -> None:
        """Raise the budget to what went through without trouble; to be called after each report."""
        if self.budget_bps is None:
            return
        end = now - _REACTION_TIME - self._round_trip_time
        start = end - _VERIFIED_WINDOW
        if self.warned_at is not None and self.warned_at >= start:
            return
        suspicion = self._suspicion
        if (
            suspicion is not None
            and now - suspicion.since > _DOUBT_TIME
            and not self._is_clear(now)
        ):
            return
        verified_bps = min(self._sent.bitrate_bps(start, end) or 0.0, self._arriving_bps)
        self.budget_bps = max(self.budget_bps, verified_bps)

    def assume(self, bitrate_bps: float) -> None:
        """Raise the budget without proof, where there is no way to get one."""
        if self.budget_bps is not None:
            self.budget_bps = max(self.budget_bps, bitrate_bps)

    def release(self) -> None:
        """Forget the limit: all that is wanted goes through."""
        self._proven_bps = self.budget_bps or 0.0
        self.budget_bps = None
        self._suspicion = None

    @property
    def _arriving_bps(self) -> float:
        """The rate at which packets come, for a viewer that says so."""
        return self._arrived[-1] if self._arrived else math.inf

    def _was_probed(self, now: float, delay: float) -> bool:
        """Whether what is reported now may come of a probe."""
        return self._probed_at is not None and now - self._probed_at < _WINDOW + delay

    def _media_bps(self, now: float) -> float:
        return self._media.latest_bps(_WINDOW, now) or 0.0

    def _on_fall(self, bitrate_bps: float, sent: float, now: float) -> None:
        self.warned_at = now
        if self._was_probed(now, self._round_trip_time):
            # Not what is wanted was too much but what was sent beside it, to see: now it is known.
            carried = max(self.budget_bps or 0.0, min(bitrate_bps, sent))
            self.budget_bps = min(carried, bitrate_bps * _CARRIED_BY_FALL, self._arriving_bps)
            return
        media = self._media_bps(now)
        if bitrate_bps >= media:
            return
        since_last = None if self._fell_at is None else now - self._fell_at
        if since_last is None or since_last >= _MIN_REPETITION_TIME:
            self._fell_at = now
        is_repeated = since_last is not None and (
            _MIN_REPETITION_TIME <= since_last < _MAX_REPETITION_TIME
        )
        if is_repeated or bitrate_bps < media * _CERTAIN_SHARE:
            self._limit(bitrate_bps, now)
        else:
            since = now if self._suspicion is None else self._suspicion.since
            self._suspicion = _Suspicion(bitrate_bps, since)

    def _is_queueing(self) -> bool:
        known = self._min_round_trip_time
        return known is not None and self._round_trip_time > known * _QUEUE_FACTOR + _QUEUE_TIME

    def _is_clear(self, now: float) -> bool:
        """Whether a round trip has just been measured, and showed no queue."""
        return now - self._measured_at < _CLEAR_TIME and not self._is_queueing()

    def _limit(self, bitrate_bps: float, now: float) -> None:
        self.warned_at = now
        self._suspicion = None
        known = math.inf if self.budget_bps is None else self.budget_bps
        if bitrate_bps < known * _FALL:
            self._lowered_at = now
        self.budget_bps = max(min(bitrate_bps, known), _MIN_BUDGET_BPS)
