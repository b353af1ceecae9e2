"""Keeping what one viewer's session is sent within what its path carries.

A session without trouble costs a sample of its counts for each report, and nothing for each packet.
One with a limit is looked at a few times a second, and more often while its path is probed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sdp.parameters import MediaKind
from liverelay.sfu.allocation import grant
from liverelay.sfu.bandwidth import BandwidthEstimator
from liverelay.sfu.layers import wanted_layers
from liverelay.sfu.probe import BandwidthProbe
from liverelay.sfu.sent_log import SentLog
from liverelay.sfu.transport_estimate import TransportEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.rtp.rtcp.feedback import ReceiverEstimatedMaximumBitrate
    from liverelay.rtp.rtcp.reports import ReportBlock
    from liverelay.rtp.transport_cc import TransportFeedback
    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.departures import DepartureRecorder
    from liverelay.sfu.probe import ProbeSlots
    from liverelay.sfu.subscription import Subscription

_CHECK_INTERVAL = 0.25
# A burst at this interval passes for an even rate on any path that carries video.
_PROBE_INTERVAL = 0.04
# Less is nothing to begin from: a path that has been silent is asked for sound's worth.
_MIN_PROBE_BPS = 50_000.0
# So that the goal itself is passed, and not almost.
_PROBE_MARGIN = 1.05
# A viewer that has had all it wants for so long, without trouble, is left alone.
_CALM_TIME = 5.0
_SOUND_WINDOW = 2.0


class CongestionControl:
    """Estimates, divides and probes for one session; `subscriptions` is the session's own table.

    `slots` bounds how many sessions probe at a time.
    Sound comes first and is never thinned: video gets what it leaves.
    """

    def __init__(self, subscriptions: Mapping[Ssrc, Subscription], slots: ProbeSlots) -> None:
        self._subscriptions = subscriptions
        self._slots = slots
        self._estimator = BandwidthEstimator()
        self._sound = SentLog()
        self._transport: TransportEstimator | None = None
        self._probe: BandwidthProbe | None = None
        self._warned_at: float | None = None
        self._calm_since: float | None = None

    @property
    def available_outgoing_bitrate(self) -> float | None:
        """Bits per second, as far as anything is known."""
        return self._estimator.available_bps

    @property
    def is_limited(self) -> bool:
        return self._estimator.is_limited

    def sample(self, now: float) -> None:
        """Note what has been sent; to be called once at the start, for there to be a difference."""
        self._sound.add(sum(each.octets_sent for each in self._of_kind(MediaKind.AUDIO)), now)
        self._estimator.on_sent(self._media_octets(), self._padding_octets(), now)

    def on_estimate(self, packet: ReceiverEstimatedMaximumBitrate, now: float) -> None:
        """Take the viewer's own estimate."""
        self.sample(now)
        bitrate_bps = float(packet.bitrate_bps)
        if not any(sound.ssrc in packet.media_ssrcs for sound in self._of_kind(MediaKind.AUDIO)):
            # libwebrtc counts and names the streams of video only.
            bitrate_bps += self._sound_bps(now)
        self._estimator.on_estimate(bitrate_bps, now)
        self._heard(now)

    def on_arrivals(
        self, departures: DepartureRecorder, feedback: TransportFeedback, now: float
    ) -> None:
        """Take the viewer's report on each packet; it says more of loss than all others."""
        self.sample(now)
        if self._transport is None:
            self._transport = TransportEstimator(departures, now)
        self._transport.on_arrivals(departures.take(feedback))
        rate = self._transport.take_rate(now)
        if rate is not None:
            bitrate_bps = rate.bitrate_bps
            if not any(sound.departures for sound in self._of_kind(MediaKind.AUDIO)):
                bitrate_bps += self._sound_bps(now)
            self._estimator.on_arrival_rate(bitrate_bps, now, is_congested=rate.is_congested)
        loss = self._transport.take_loss(now)
        if loss is not None:
            self._estimator.on_loss(loss, now)
        self._heard(now)

    def on_report(
        self, subscription: Subscription, block: ReportBlock, now: float, *, is_measured: bool
    ) -> None:
        """Take what a report says of one stream; `is_measured`: the round trip, too."""
        videos = self._of_kind(MediaKind.VIDEO)
        if not videos:
            return
        self.sample(now)
        if is_measured and subscription.round_trip_time is not None:
            self._estimator.on_round_trip_time(subscription.round_trip_time, now)
        # Of sound there is too little to tell, but better than nothing while the video pauses.
        is_telling = subscription in videos or not any(video.is_started for video in videos)
        if is_telling and self._transport is None:
            share = subscription.reported_loss.take(block, now)
            if share is not None:
                self._estimator.on_loss(share, now)
        self._heard(now)

    def forget_path(self, now: float) -> None:
        """Begin as at first, since the viewer is reached on another path after an interruption."""
        self._release(self._of_kind(MediaKind.VIDEO))
        self._estimator = BandwidthEstimator()
        self._transport = None
        for subscription in self._subscriptions.values():
            subscription.reported_loss.forgive(now)
        self.sample(now)

    def deadline(self, now: float) -> float | None:
        """Return when `adapt` is to be called again; None if there is nothing to adapt to."""
        if not self.is_limited:
            return None
        is_probing = self._probe is not None and self._probe.is_running
        return now + (_PROBE_INTERVAL if is_probing else _CHECK_INTERVAL)

    def adapt(self, now: float) -> list[Subscription]:
        """Divide the budget; return whose layer is to be chosen anew."""
        budget_bps = self._estimator.budget_bps
        videos = [v for v in self._of_kind(MediaKind.VIDEO) if v.publication is not None]
        if budget_bps is None or not videos:
            return []
        self.sample(now)
        self._heed_warnings(now)
        sound_bps = self._sound_bps(now)
        available_bps = max(0.0, budget_bps - sound_bps) / len(videos)
        changed = []
        goals = []
        for video in videos:
            assert video.publication is not None
            wanted = wanted_layers(video.publication.layers_for(video, now), video.preference)
            granted = grant(wanted, video.layer, available_bps)
            video.budget_bps = granted.budget_bps
            if video.retransmitter is not None:
                video.retransmitter.limit(budget_bps)
            if granted.layer != video.layer:
                changed.append(video)
            if granted.next_bps is not None:
                goals.append(granted.next_bps)
        if goals:
            self._calm_since = None
            self._strive(sound_bps + min(goals) * len(videos), videos, now)
        elif self._is_calm(now):
            self._release(videos)
        return changed

    def _of_kind(self, kind: MediaKind) -> list[Subscription]:
        return [each for each in self._subscriptions.values() if each.parameters.kind is kind]

    def _media_octets(self) -> int:
        return sum(each.octets_sent for each in self._subscriptions.values())

    def _padding_octets(self) -> int:
        return sum(each.padding_sent for each in self._subscriptions.values())

    def _octets(self) -> int:
        return self._media_octets() + self._padding_octets()

    def _sound_bps(self, now: float) -> float:
        return self._sound.latest_bps(_SOUND_WINDOW, now) or 0.0

    def _heard(self, now: float) -> None:
        self._estimator.verify(now)
        if not self.is_limited:
            return
        if self._probe is None:
            self._probe = BandwidthProbe(now, self._slots)
        self._probe.on_report(now)

    def _heed_warnings(self, now: float) -> None:
        assert self._probe is not None
        if self._estimator.warned_at != self._warned_at:
            self._warned_at = self._estimator.warned_at
            self._calm_since = None
            self._probe.fail(now)
        elif self._probe.is_running and self._probe.is_unheard(now):
            self._probe.fail(now)

    def _strive(self, goal_bps: float, videos: list[Subscription], now: float) -> None:
        """Send more than there is to say until the path has proved that it carries `goal_bps`."""
        probe, budget_bps = self._probe, self._estimator.budget_bps
        assert probe is not None
        assert budget_bps is not None
        padded = next((each for each in videos if each.retransmitter is not None), None)
        if probe.may_begin(now):
            if padded is None:
                # Nothing to pad with: the only way to find out is to send the video itself.
                self._estimator.assume(goal_bps)
                probe.begin(goal_bps, self._octets(), now)
                probe.fail(now)
                return
            probe.begin(max(budget_bps, _MIN_PROBE_BPS), self._octets(), now)
        if probe.is_running and padded is not None:
            self._estimator.on_probe(now)
            padded.pad(probe.owed_octets(self._octets(), goal_bps * _PROBE_MARGIN, now), now)

    def _is_calm(self, now: float) -> bool:
        """Whether all that is wanted has been sent for a while without trouble."""
        assert self._probe is not None
        if self._calm_since is None:
            self._calm_since = now
            if self._probe.is_running:
                self._probe.succeed(now)
        return now - self._calm_since >= _CALM_TIME

    def _release(self, videos: list[Subscription]) -> None:
        self._estimator.release()
        self._probe = self._calm_since = None
        for video in videos:
            video.budget_bps = None
            if video.retransmitter is not None:
                video.retransmitter.limit(None)
