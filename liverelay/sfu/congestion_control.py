"""Keeping what one viewer's session is sent within what its path carries.

A session without trouble costs a sample of its counts for each report, and nothing for each packet.
One with a limit is looked at a few times a second, and more often while its path is probed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sdp.parameters import MediaKind
from liverelay.sfu.allocation import Grant, grant
from liverelay.sfu.bandwidth import BandwidthEstimator
from liverelay.sfu.layers import Layer, wanted_layers
from liverelay.sfu.path_meter import WINDOW
from liverelay.sfu.probe import BandwidthProbe
from liverelay.sfu.report_estimate import ReportEstimator
from liverelay.sfu.sent_log import SentLogs
from liverelay.sfu.transport_estimate import TransportEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liverelay.rtp.rtcp.feedback import ReceiverEstimatedMaximumBitrate
    from liverelay.rtp.rtcp.reports import ReportBlock
    from liverelay.rtp.transport_cc import TransportFeedback
    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.departures import DepartureRecorder
    from liverelay.sfu.path_meter import PathSample
    from liverelay.sfu.probe import ProbeSlots
    from liverelay.sfu.report_estimate import Departure
    from liverelay.sfu.retransmission import Retransmitter
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
# A layer that is a little more than the budget is borne, but not where that has just made trouble.
_STRAIN_TIME = 2.0
# Where so much more is sent than comes through no picture of it is whole.
_TOO_MUCH = 1.25
# What is lost in a path that carries too little is lost because of what is sent.
_MIN_REPAIR_SHARE = 0.05
# What the link itself loses is sent again more than once: that may get lost, too.
_REPAIRS_PER_LOSS = 2.0
_MAX_REPAIR_SHARE = 1.0
# Before anything is known of the path.
_TRIAL_REPAIR_SHARE = 0.5
# Of what may be sent, so much is left for media however much is lost.
_MIN_MEDIA_SHARE = 0.5
# A viewer of a small picture may be about to get a large one, and that begins with a keyframe.
_LEAST_REPAIR_BPS = 500_000.0
# A viewer whose path is not known begins with a smaller picture, until this much time's worth of it
# has come without trouble, or for this time if the viewer does not say.
_MIN_TRIAL_TIME = 0.3
_MAX_TRIAL_LOSS = 0.05
_MAX_TRIAL_QUEUE = 0.1
_MAX_TRIAL_TIME = 2.0


class CongestionControl:
    """Estimates, divides and probes for one session; `subscriptions` is the session's own table.

    `slots` bounds how many sessions probe at a time.
    Sound comes first and is never thinned: video gets what it leaves.
    """

    def __init__(self, subscriptions: Mapping[Ssrc, Subscription], slots: ProbeSlots) -> None:
        self._subscriptions = subscriptions
        self._slots = slots
        self._sent = SentLogs()
        self._estimator = BandwidthEstimator(self._sent)
        self._reports = ReportEstimator(self._sent)
        self._transport: TransportEstimator | None = None
        self._probe: BandwidthProbe | None = None
        self._warned_at: float | None = None
        self._calm_since: float | None = None
        # Whether anything is known of the path.
        self._is_tried = False

    @property
    def available_outgoing_bitrate(self) -> float | None:
        """Bits per second, as far as anything is known."""
        return self._estimator.available_bps

    @property
    def is_limited(self) -> bool:
        return self._estimator.is_limited

    @property
    def is_active(self) -> bool:
        """Whether there is anything to adapt to."""
        return self.is_limited or any(each.is_cautious for each in self._subscriptions.values())

    def begin(self, subscription: Subscription, now: float) -> None:
        """Take in a new stream, before it is sent anything."""
        subscription.is_cautious = not self._is_tried
        self.sample(now)

    def sample(self, now: float) -> None:
        """Note what has been sent, if that was not done just now, for another packet's sake."""
        if not self._sent.is_due(now):
            return
        media = padding = sound = 0
        for each in self._subscriptions.values():
            octets = each.octets_sent
            media += octets
            padding += each.padding_sent
            if each.parameters.kind is MediaKind.AUDIO:
                sound += octets
        self._sent.add(media, padding, sound, now)

    def on_estimate(self, packet: ReceiverEstimatedMaximumBitrate, now: float) -> None:
        """Take the viewer's own estimate."""
        self.sample(now)
        bitrate_bps = float(packet.bitrate_bps)
        if not any(sound.ssrc in packet.media_ssrcs for sound in self._of_kind(MediaKind.AUDIO)):
            # libwebrtc counts and names the streams of video only.
            bitrate_bps += self._sound_bps(now)
        self._estimator.on_estimate(bitrate_bps)

    def on_arrivals(
        self, departures: DepartureRecorder, feedback: TransportFeedback, now: float
    ) -> None:
        """Take the viewer's report on each packet; it says more than all others."""
        self.sample(now)
        if self._transport is None:
            self._transport = TransportEstimator(departures)
        self._transport.on_arrivals(departures.take(feedback))
        sample = self._transport.take_sample(self._estimator.fresh_since)
        if sample is None:
            return
        if not any(sound.departures for sound in self._of_kind(MediaKind.AUDIO)):
            sample = sample._replace(arrived_bps=sample.arrived_bps + self._sound_bps(now))
        self._on_sample(sample, now)

    def on_round_trip(self, round_trip_time: float, now: float) -> None:
        """Take the time in which one of our reports has been answered."""
        self._reports.on_round_trip(round_trip_time, now)

    def on_report(self, blocks: Sequence[ReportBlock], now: float) -> None:
        """Take what a report says of the session's streams, retransmissions included."""
        if self._transport is not None or not self._of_kind(MediaKind.VIDEO):
            return
        self.sample(now)
        self._reports.fresh_since = self._estimator.fresh_since
        if not self._is_tried and (begun_at := self._begun_at()) is not None:
            self._reports.begin(begun_at)
        newest: Departure | None = None
        is_telling = self._estimator.is_probed(now)
        for block in blocks:
            subscription = self._subscriptions.get(block.ssrc)
            if subscription is not None and subscription.is_started:
                # Nobody can tell a stream that ended from one whose last packets are in a queue.
                is_telling = True
            departure = self._take_block(block, subscription)
            if departure is not None and (newest is None or departure.newest > newest.newest):
                newest = departure
        if newest is None or not is_telling:
            return
        sample = self._reports.take_sample(newest, now)
        if sample is not None:
            self._on_sample(sample, now)

    def _take_block(
        self, block: ReportBlock, subscription: Subscription | None
    ) -> Departure | None:
        """Take what is said of one stream; return when what has come of it last was sent."""
        stream = subscription or self._retransmitter(block.ssrc)
        if stream is None:
            return None
        number = block.highest_sequence
        departure = stream.departure_of(number)
        if subscription is None or subscription.parameters.kind is not MediaKind.AUDIO:
            sending = stream.sending_until(number)
            self._reports.on_block(block, sending, departure, is_repair=subscription is None)
        return departure

    def forget_path(self, now: float) -> None:
        """Begin as at first, since the viewer is reached on another path after an interruption."""
        self._release(self._of_kind(MediaKind.VIDEO))
        self._estimator = BandwidthEstimator(self._sent)
        self._reports = ReportEstimator(self._sent)
        self._transport = None
        self._is_tried = False
        for subscription in self._subscriptions.values():
            subscription.is_cautious = True
            subscription.begun_at = None
        self.sample(now)

    def deadline(self, now: float) -> float | None:
        """Return when `adapt` is to be called again; None if there is nothing to adapt to."""
        if not self.is_limited:
            return self._trial_deadline(now)
        is_probing = self._probe is not None and self._probe.is_running
        return now + (_PROBE_INTERVAL if is_probing else _CHECK_INTERVAL)

    def adapt(self, now: float) -> list[Subscription]:
        """Divide the budget; return whose layer is to be chosen anew."""
        changed = dict.fromkeys(self._take_tried(now))
        budget_bps = self._estimator.budget_bps
        videos = [v for v in self._of_kind(MediaKind.VIDEO) if v.publication is not None]
        if budget_bps is None or not videos:
            if self._probe is not None:
                # Nobody is there to be probed for.
                self._probe.fail(now)
            return list(changed)
        self.sample(now)
        self._heed_warnings(now)
        self._limit_retransmissions(now)
        sound_bps = self._sound_bps(now)
        # What the link loses whatever it is sent, it is sent again.
        kept = max(1 - self._estimator.usual_loss, _MIN_MEDIA_SHARE)
        available_bps = max(0.0, budget_bps - sound_bps) * kept / len(videos)
        goals = []
        for video in videos:
            granted = self._grant(video, available_bps, now)
            video.budget_bps = granted.budget_bps
            video.available_bps = available_bps
            if granted.layer != video.layer:
                self._stop_if_too_much(video, granted.layer, budget_bps, now)
                changed[video] = None
            if granted.next_bps is not None:
                goals.append(granted.next_bps)
        if goals:
            self._calm_since = None
            self._strive(sound_bps + min(goals) * len(videos) / kept, videos, now)
        elif self._is_calm(now):
            self._release(videos)
        return list(changed)

    def _grant(self, video: Subscription, available_bps: float, now: float) -> Grant:
        assert video.publication is not None
        wanted = wanted_layers(video.publication.layers_for(video, now), video.preference)
        is_strained = now - self._estimator.strained_at < _STRAIN_TIME
        return grant(
            wanted,
            video.layer,
            available_bps,
            is_strained=is_strained,
            unlimited_bps=video.publication.unlimited_bps,
        )

    def _stop_if_too_much(
        self, video: Subscription, granted: Layer | None, budget_bps: float, now: float
    ) -> None:
        """Do not wait for the keyframe of another encoding where what is sent is in vain."""
        present = video.layer
        if (
            present is not None
            and granted is not None
            and present.encoding_index != granted.encoding_index
            and self._estimator.strained_at == now
            and self._media_bps(now) > _TOO_MUCH * budget_bps
        ):
            video.select_layer(None)

    def _limit_retransmissions(self, now: float) -> None:
        """Keep them within what the media leave; where no limit is known, below these."""
        media_bps, budget_bps = self._media_bps(now), self._estimator.budget_bps
        if budget_bps is None:
            share = _MAX_REPAIR_SHARE if self._is_tried else _TRIAL_REPAIR_SHARE
            limit_bps = max(share * media_bps, _LEAST_REPAIR_BPS)
        else:
            share = _MIN_REPAIR_SHARE + _REPAIRS_PER_LOSS * self._estimator.usual_loss
            limit_bps = max(budget_bps - media_bps, min(share, _MAX_REPAIR_SHARE) * budget_bps)
        for video in self._of_kind(MediaKind.VIDEO):
            if video.retransmitter is not None:
                video.retransmitter.limit(limit_bps)

    def _retransmitter(self, ssrc: Ssrc) -> Retransmitter | None:
        """Return what sends again under an SSRC."""
        retransmitters = (
            each.retransmitter for each in self._subscriptions.values() if each.rtx_ssrc == ssrc
        )
        return next(retransmitters, None)

    def _of_kind(self, kind: MediaKind) -> list[Subscription]:
        return [each for each in self._subscriptions.values() if each.parameters.kind is kind]

    def _octets(self) -> int:
        return sum(each.octets_sent + each.padding_sent for each in self._subscriptions.values())

    def _sound_bps(self, now: float) -> float:
        return self._sent.sound.latest_bps(_SOUND_WINDOW, now) or 0.0

    def _media_bps(self, now: float) -> float:
        return self._sent.media.latest_bps(WINDOW, now) or 0.0

    def _on_sample(self, sample: PathSample, now: float) -> None:
        self._estimator.on_sample(sample, now)
        self._limit_retransmissions(now)
        is_well = sample.loss < _MAX_TRIAL_LOSS and sample.queue < _MAX_TRIAL_QUEUE
        if self.is_limited or (sample.duration >= _MIN_TRIAL_TIME and is_well):
            self._is_tried = True
        if not self.is_limited:
            return
        if self._probe is None:
            self._probe = BandwidthProbe(now, self._slots)
        self._probe.on_report(now)

    def _trial_deadline(self, now: float) -> float | None:
        if self._is_tried:
            return None
        begun_at = self._begun_at()
        return now + _MAX_TRIAL_TIME if begun_at is None else begun_at + _MAX_TRIAL_TIME

    def _begun_at(self) -> float | None:
        """Return since when there is video."""
        begun = [v.begun_at for v in self._of_kind(MediaKind.VIDEO) if v.begun_at is not None]
        return min(begun, default=None)

    def _take_tried(self, now: float) -> list[Subscription]:
        """Return who can have more now that something is known, or nobody says anything."""
        begun_at = self._begun_at()
        if begun_at is not None and now - begun_at >= _MAX_TRIAL_TIME:
            self._is_tried = True
        if not self._is_tried:
            return []
        cautious = [each for each in self._subscriptions.values() if each.is_cautious]
        for each in cautious:
            each.is_cautious = False
        return [v for v in cautious if v.parameters.kind is MediaKind.VIDEO]

    def _heed_warnings(self, now: float) -> None:
        assert self._probe is not None
        if self._estimator.warned_at != self._warned_at:
            self._warned_at = self._estimator.warned_at
            self._calm_since = None
            self._probe.fail(now)
        elif self._probe.is_in_vain(now):
            self._probe.fail(now)

    def _strive(self, goal_bps: float, videos: list[Subscription], now: float) -> None:
        """Send more than there is to say until the path has proved that it carries `goal_bps`."""
        probe, budget_bps = self._probe, self._estimator.budget_bps
        assert probe is not None
        assert budget_bps is not None
        carried_bps = max(budget_bps, self._sound_bps(now) + _MIN_PROBE_BPS)
        padded = next((each for each in videos if each.retransmitter is not None), None)
        if probe.may_begin(now):
            if padded is None:
                # Nothing to pad with: the only way to find out is to send the video itself.
                self._estimator.assume(goal_bps)
                probe.begin(goal_bps, self._octets(), now)
                probe.fail(now)
                return
            probe.begin(carried_bps, self._octets(), now)
            self._estimator.on_probe_begun(now)
        if probe.is_running and padded is not None:
            self._estimator.on_probe(now)
            owed = probe.owed_octets(self._octets(), goal_bps * _PROBE_MARGIN, now)
            padded.pad(min(owed, int(self._estimator.harmless_octets(carried_bps, now))), now)

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
            video.budget_bps = video.available_bps = None
