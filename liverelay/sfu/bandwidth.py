"""What the path to one viewer carries, judged by what became of what was sent.

What has come through has come through: that is what a budget is made of, and lies and lost reports
aside, it is never more than the path carries. What does not come through is a limit only where the
signs agree, since loss on a radio link is no congestion, and a late report no queue.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.sfu.path_meter import PathSample
    from liverelay.sfu.sent_log import SentLogs

# Rates are compared over this time: it evens out keyframes.
_WINDOW = 1.0
# What has come in a time may be what should have come in one that is so much longer: reports are
# late by a little more or less. It is a margin for queues to drain, too.
_JITTER = 0.05
# What a shorter time shows may have been a burst.
_MIN_PROOF_TIME = 0.8

# Where there is a queue and so much less comes than was sent, it is the limit at once...
_CERTAIN_SHARE = 0.75
# ...and where a little less comes for so long, or the viewer's own estimate says the same.
_LITTLE_LESS = 0.98
_MIN_DURATION = 1.0
# A queue that has just filled up is not yet known to stand, but it grows and overflows.
_FILLING = 0.84
_OVERFLOW = 0.05
# Where so much is lost that is seen sooner.
_FLOODED = 0.2
_FLOODED_PROOF_TIME = 0.55
# Queues longer than this are not made by a keyframe.
_LONG_QUEUE = 0.1
# A probe that makes a queue ends. What it may make of one until then is less than most hold, and
# sound can bear.
_PROBE_QUEUE = 0.08
_MAX_PROBE_QUEUE = 0.12
# What was sent longer ago has come or is lost, whether that is reported or not.
_LONGEST_QUEUE = 1.5

# Without a queue loss alone has to be more than any radio link's: in two reports, or much more in
# one. What it is otherwise is learned, by this much each second.
_CERTAIN_LOSS = 0.4
_CERTAIN_LOSS_AT_ONCE = 0.6
_LEARNED_LOSS = 0.01
# Where a limit is known it is more likely that the path has become worse.
_LOSS_AT_LIMIT = 0.1
# It comes and goes: more than so many times the usual is not usual.
_LOSS_SPREAD = 1.5
# Loss of which so much is left when less is sent has not come of what was sent.
_UNMOVED_LOSS = 0.6

# An estimate that follows what comes is this much above it at most; so libwebrtc makes its own.
_HEADROOM = 1.5
# Sound is sent whatever the budget; below it there is nothing to divide.
_MIN_BUDGET_BPS = 10_000.0
# Of what is sent, at least so much is taken to come.
_MIN_SHARE = 0.2


class BandwidthEstimator:
    """The budget of one viewer's session in bits per second; None while nothing speaks for a limit.

    It rises by what has come through, so somebody has to send more for it to grow (see
    `BandwidthProbe`). `warned_at` is when there was a sign of congestion last, and `usual_loss` the
    share that the link loses whatever is sent.
    """

    def __init__(self, sent: SentLogs) -> None:
        self.budget_bps: float | None = None
        self.warned_at: float | None = None
        self.lowered_at = -math.inf
        self._reported_bps: float | None = None
        self._arrived_bps: float | None = None
        self._sent = sent
        self._probed_at = -math.inf
        self._probe_begun_at = -math.inf
        self._known_until = -math.inf
        self._queue = 0.0
        self.strained_at = -math.inf
        self._proven_bps = 0.0
        self.usual_loss = 0.0
        # What was lost when the budget was lowered for that alone.
        self._loss_when_lowered = math.inf
        self._sampled_at: float | None = None
        self._lossy_since: float | None = None
        self._less_since: float | None = None

    @property
    def is_limited(self) -> bool:
        return self.budget_bps is not None

    @property
    def available_bps(self) -> float | None:
        """The budget; without one what the viewer believes, or what it had before if that is more.

        Its estimate lags behind what goes through.
        """
        if self.budget_bps is not None:
            return self.budget_bps
        believed = self._reported_bps or (self._arrived_bps and _HEADROOM * self._arrived_bps)
        return None if believed is None else max(believed, self._proven_bps)

    def on_estimate(self, bitrate_bps: float) -> None:
        """Take the viewer's own estimate."""
        self._reported_bps = bitrate_bps

    @property
    def fresh_since(self) -> float:
        """From when on what was sent says most of the path."""
        return max(self.lowered_at, self._probe_begun_at)

    def on_probe_begun(self, now: float) -> None:
        self._probe_begun_at = now

    def on_probe(self, now: float) -> None:
        """Note that more is sent than is wanted."""
        self._probed_at = now

    def is_probed(self, now: float) -> bool:
        """Whether what is reported now may be about a probe."""
        return now - self._probed_at < _WINDOW

    def on_sample(self, sample: PathSample, now: float) -> None:
        """Take what has become of what was sent."""
        self._known_until, self._queue = sample.until, sample.queue
        self._learn_unmoved_loss(sample)
        excess = max(0.0, sample.loss - _LOSS_SPREAD * self.usual_loss)
        self._arrived_bps = sample.arrived_bps
        sample = self._without_usual_loss(sample)
        if self._is_congested(sample, excess, now):
            self.warned_at = now
            if sample.since >= self.fresh_since:
                self._heed(sample, now)
        self._learn_lasting_loss(sample, now)
        if self.budget_bps is not None and sample.duration >= _MIN_PROOF_TIME:
            self.budget_bps = max(self.budget_bps, _carried_bps(sample))

    def harmless_octets(self, carried_bps: float, now: float) -> float:
        """Return how much can be sent now, even if the path carries no more than `carried_bps`.

        What has not been reported on may then be in a queue, which is to stay short.
        """
        known_until = max(self._known_until, now - _LONGEST_QUEUE)
        sent = self._sent.total_between(known_until, now)
        if sent is None:
            return 0.0
        time = now - known_until + _MAX_PROBE_QUEUE - self._queue
        return time * carried_bps / 8 - sent

    def assume(self, bitrate_bps: float) -> None:
        """Raise the budget without proof, where there is no way to get one."""
        if self.budget_bps is not None:
            self.budget_bps = max(self.budget_bps, bitrate_bps)

    def release(self) -> None:
        """Forget the limit: all that is wanted goes through."""
        self._proven_bps = self.budget_bps or 0.0
        self.budget_bps = None

    def _is_congested(self, sample: PathSample, excess: float, now: float) -> bool:
        share = sample.progress * (1 - excess)
        if sample.queue > _PROBE_QUEUE and self.is_probed(now):
            return True
        if not sample.has_standing_queue and not _is_filling(sample, excess):
            self._less_since = None
            return self._is_lossy(sample.loss, excess, now)
        if share < _CERTAIN_SHARE or excess > _LOSS_AT_LIMIT:
            return True
        is_queueing = sample.queue > _LONG_QUEUE or excess > 1 - _LITTLE_LESS
        if not is_queueing or share > _LITTLE_LESS:
            self._less_since = None
            return False
        if self._less_since is None:
            self._less_since = now
        is_told = self._reported_bps is not None and self._reported_bps < sample.arrived_bps
        return is_told or now - self._less_since >= _MIN_DURATION

    def _without_usual_loss(self, sample: PathSample) -> PathSample:
        """Return it as if the link lost nothing by itself: a budget is of what is sent."""
        share = 1 - min(sample.loss, self.usual_loss)
        if share == 1:
            return sample
        return sample._replace(arrived_bps=sample.arrived_bps / max(share, _MIN_SHARE))

    def _is_lossy(self, loss: float, excess: float, now: float) -> bool:
        """Return whether so much is lost that it must be too much, though nothing waits."""
        if loss > _CERTAIN_LOSS_AT_ONCE:
            return True
        if excess < (_CERTAIN_LOSS if self.budget_bps is None else _LOSS_AT_LIMIT):
            self._lossy_since = None
            return False
        if self._lossy_since is None:
            self._lossy_since = now
        return now - self._lossy_since >= _MIN_DURATION

    def _heed(self, sample: PathSample, now: float) -> None:
        """Take what comes through a congested path for what it carries."""
        if self._is_of_media(sample):
            self.strained_at = now
            self._lower(sample, now)
        elif self.budget_bps is not None and sample.duration >= _WINDOW / 2:
            # The probe has filled it.
            self.budget_bps = max(min(self.budget_bps, sample.arrived_bps), _MIN_BUDGET_BPS)

    def _is_of_media(self, sample: PathSample) -> bool:
        """Whether not what was sent beside the media was too much, but they are."""
        if sample.since > self._probed_at:
            return True
        media = self._sent.media.bitrate_bps(sample.since, sample.since + _WINDOW)
        return media is None or sample.arrived_bps < _CERTAIN_SHARE * media

    def _lower(self, sample: PathSample, now: float) -> None:
        known = math.inf if self.budget_bps is None else self.budget_bps
        bitrate_bps = _carried_bps(sample)
        if bitrate_bps < known:
            self._loss_when_lowered = math.inf if sample.has_standing_queue else sample.loss
            self.lowered_at = now
            self.budget_bps = max(bitrate_bps, _MIN_BUDGET_BPS)
            self._less_since = self._lossy_since = None

    def _learn_unmoved_loss(self, sample: PathSample) -> None:
        """Take loss for the link's own where as much is lost as was before less was sent."""
        before = self._loss_when_lowered
        if sample.has_standing_queue or sample.since < self.lowered_at:
            return
        if sample.loss >= _UNMOVED_LOSS * before:
            self.usual_loss = max(self.usual_loss, min(sample.loss, before))

    def _learn_lasting_loss(self, sample: PathSample, now: float) -> None:
        """Take loss that stays for the link's own, little by little."""
        elapsed = 0.0 if self._sampled_at is None else now - self._sampled_at
        self._sampled_at = now
        if not sample.has_standing_queue:
            usual, change = self.usual_loss, _LEARNED_LOSS * min(elapsed, _WINDOW)
            self.usual_loss = min(max(sample.loss, usual - change), usual + change)


def _is_filling(sample: PathSample, excess: float) -> bool:
    """Return whether a queue grows and overflows; that is certain sooner where more is lost."""
    least = _MIN_PROOF_TIME if excess < _FLOODED else _FLOODED_PROOF_TIME
    return sample.duration >= least and sample.progress < _FILLING and excess > _OVERFLOW


def _carried_bps(sample: PathSample) -> float:
    return sample.arrived_bps * sample.duration / (sample.duration + _JITTER)
