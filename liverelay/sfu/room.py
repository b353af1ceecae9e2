"""The media of one room: who publishes, who watches, and what has to be sent.

This is all that the server calls. Nothing here sends: `flush` returns media, `take_commands` RTCP,
and both are to be called after anything else was, `flush` once per burst of datagrams. `now` is
seconds on one monotonic clock.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from liverelay.sfu.deadlines import DeadlineQueue, earliest
from liverelay.sfu.drops import DropCounters, DropReason
from liverelay.sfu.layers import Preference, best_layer
from liverelay.sfu.probe import ProbeSlots
from liverelay.sfu.publication import LAYER_INTERVAL, Publication
from liverelay.sfu.publisher_feedback import PublisherFeedback
from liverelay.sfu.sender_reports import SenderReports
from liverelay.sfu.session import MediaSession
from liverelay.sfu.speakers import Speakers
from liverelay.sfu.statistics import (
    PublicationStats,
    SubscriptionStats,
    publication_stats,
    subscription_stats,
)
from liverelay.sfu.subscription import Subscription
from liverelay.sfu.totals import MediaTotals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.rtp.types import Ssrc
    from liverelay.sdp.parameters import ReceiveParameters, SendParameters
    from liverelay.sfu.commands import Fanout, SendRtcp
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.retransmission import Retransmitter
    from liverelay.sfu.types import PeerId, PublicationId, SessionId


class RoomMedia:
    """Connects publications and subscriptions of the same kind and of different peers.

    A subscription lives as long as its viewer's session; publications come and go, and each time
    the subscriptions are attached to what there is. `local_ssrc` and `cname` are what the server
    calls itself towards publishers; `ntp_at_zero` is its NTP time in seconds when `now` was 0.
    `probe_slots` are those of all its rooms; without them this one has its own.
    """

    def __init__(
        self,
        local_ssrc: Ssrc,
        cname: str,
        *,
        ntp_at_zero: float = 0.0,
        probe_slots: ProbeSlots | None = None,
    ) -> None:
        self.drops: DropCounters = Counter()
        self.speakers = Speakers()
        self._ended = MediaTotals()
        self._ntp_at_zero = ntp_at_zero
        self._probe_slots = probe_slots or ProbeSlots()
        self._sessions: dict[SessionId, MediaSession] = {}
        self._publications: dict[PublicationId, Publication] = {}
        self._subscriptions: dict[Subscription, None] = {}
        self._commands: list[SendRtcp] = []
        self._burst_encodings: dict[Encoding, Publication] = {}
        self._burst_sessions: set[MediaSession] = set()
        self._retransmitting: dict[Retransmitter, None] = {}
        self._publisher_feedback = PublisherFeedback(local_ssrc, cname, self._commands)
        self._sender_reports = SenderReports(self._commands)
        self._layer_checks: DeadlineQueue[Publication] = DeadlineQueue()
        self._adaptations: DeadlineQueue[MediaSession] = DeadlineQueue()

    def add_publication(
        self,
        publication_id: PublicationId,
        session_id: SessionId,
        peer_id: PeerId,
        parameters: ReceiveParameters,
        now: float,
    ) -> None:
        """Forward what the session sends in one section to those who wait for its kind."""
        publication = Publication(publication_id, session_id, peer_id, parameters)
        publication.level_meter = self.speakers.meter(publication)
        session = self._session(session_id)
        session.add_publication(publication)
        self._publications[publication_id] = publication
        self._publisher_feedback.add_session(session, now)
        self._watch_layers(publication, now)
        for subscription in self._subscriptions:
            if subscription.publication is None and publication.suits(subscription):
                publication.attach(subscription)

    def remove_publication(self, publication_id: PublicationId, now: float) -> None:
        """Stop forwarding it; its viewers go to another publication, or wait for the next."""
        publication = self._publications.pop(publication_id)
        self._ended.add_publication(publication)
        self._sessions[publication.session_id].remove_publication(publication)
        self._forget_session_if_unused(publication.session_id)
        self._layer_checks.discard(publication)
        if publication.level_meter is not None:
            self.speakers.end(publication.level_meter)
        for encoding in publication.encodings:
            self._burst_encodings.pop(encoding, None)
            self._publisher_feedback.remove_encoding(encoding)
        for subscription in tuple(publication.subscriptions()):
            publication.detach(subscription)
            self._place(subscription, now)

    def add_subscription(
        self,
        session_id: SessionId,
        peer_id: PeerId,
        parameters: SendParameters,
        target: int,
        now: float,
        preference: Preference | None = None,
    ) -> Subscription:
        """Begin to feed a viewer; call this when its transport can send, not before.

        Video asks the publisher for a keyframe at once, which would be lost on a transport that
        is not ready.
        """
        session = self._session(session_id)
        departures = session.departures_of(parameters)
        subscription = Subscription(session_id, peer_id, parameters, target, departures)
        subscription.preference = preference or Preference()
        session.subscriptions[subscription.ssrc] = subscription
        session.congestion.begin(subscription, now)
        self._watch_path(session, now)
        self._subscriptions[subscription] = None
        self._place(subscription, now)
        return subscription

    def remove_subscription(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription]
        self._ended.add_subscription(subscription)
        del self._sessions[subscription.session_id].subscriptions[subscription.ssrc]
        self._forget_session_if_unused(subscription.session_id)
        if subscription.retransmitter is not None:
            self._retransmitting.pop(subscription.retransmitter, None)
        self._sender_reports.end(subscription)
        if subscription.publication is not None:
            subscription.publication.detach(subscription)

    def on_rtp(self, session_id: SessionId, packet: bytes, now: float) -> int:
        """Take in one packet from a publisher, in the clear; return how many copies will be sent.

        That is about as many as viewers get it: some may begin or end with this very packet.
        """
        session = self._sessions.get(session_id)
        if session is None:
            self.drops[DropReason.UNKNOWN_SESSION] += 1
            return 0
        route = session.receive_rtp(packet, now)
        self._burst_sessions.add(session)
        if route is None:
            return 0
        self._burst_encodings[route.encoding] = route.publication
        return route.encoding.audience

    def on_rtcp(self, session_id: SessionId, data: bytes, now: float) -> bool:
        """Take in one compound packet from any peer, in the clear.

        Returns:
            Whether there may be something to send because of it, or another deadline.
        """
        session = self._sessions.get(session_id)
        if session is None:
            self.drops[DropReason.UNKNOWN_SESSION] += 1
            return False
        effects = session.receive_rtcp(data, now)
        for subscription in effects.keyframe_requests:
            if subscription.encoding is not None:
                self._publisher_feedback.request_keyframe(subscription.encoding, now)
        self._retransmitting |= dict.fromkeys(effects.retransmissions)
        is_adapted = session.congestion.is_active
        if is_adapted:
            self._adapt(session, now)
        for encoding in effects.synchronised:
            for subscription in encoding.subscriptions():
                self._sender_reports.begin(subscription, now)
        return is_adapted or not effects.are_none

    def flush(self, now: float) -> list[Fanout]:
        """Return the media to send for all that was taken in since the last call."""
        fanouts: list[Fanout] = []
        for encoding in self._flushed_encodings(now):
            fanouts += encoding.flush(now)
            for subscription in encoding.take_started():
                self._sender_reports.begin(subscription, now)
                self._watch_layers(subscription.publication, now)
        if self._burst_sessions:
            self._publisher_feedback.on_burst(self._burst_encodings, self._burst_sessions, now)
            self._sender_reports.on_burst(now)
            self._burst_encodings.clear()
            self._burst_sessions.clear()
        for retransmitter in self._retransmitting:
            if (fanout := retransmitter.take_fanout(now)) is not None:
                fanouts.append(fanout)
        self._retransmitting.clear()
        return fanouts

    def take_commands(self) -> list[SendRtcp]:
        """Return the RTCP to send, in order, and forget it."""
        commands = self._commands.copy()
        self._commands.clear()
        return commands

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called."""
        return earliest(
            self._sender_reports.deadline(),
            self._publisher_feedback.deadline(),
            self._layer_checks.next(),
            self._adaptations.next(),
            self.speakers.deadline(),
        )

    def handle_timeout(self, now: float) -> None:
        """Do what is due; a call that comes early does nothing."""
        self._sender_reports.handle_timeout(now)
        self._publisher_feedback.handle_timeout(now)
        for publication in self._layer_checks.take_due(now):
            self._check_layers(publication, now)
        for session in self._adaptations.take_due(now):
            self._adapt(session, now)
        self.speakers.handle_timeout(now)

    def choose_layer(self, subscription: Subscription, now: float) -> None:
        """Give a viewer the best of what arrives, within its preference and budget.

        To be called when one of the two has changed.
        """
        self._select_best_layer(subscription, now)
        encoding = subscription.next_encoding or subscription.encoding
        if encoding is not None and encoding.needs_keyframe:
            self._publisher_feedback.request_keyframe(encoding, now)

    def on_path_restored(self, session_id: SessionId, now: float) -> None:
        """Begin afresh with a peer that was cut off and is reached again, on another path.

        What was lost meanwhile is too old to be shown, so the next picture is a keyframe; and what
        the old path carried says nothing of the new one.
        """
        session = self._sessions.get(session_id)
        if session is None:
            return
        session.forget_path(now)
        self._watch_path(session, now)
        for subscription in session.subscriptions.values():
            subscription.reached_since = now
            self.choose_layer(subscription, now)
            if subscription.encoding is not None:
                self._publisher_feedback.request_keyframe(subscription.encoding, now)
        for publication in session.publications:
            for encoding in publication.encodings:
                if any(encoding.subscriptions()):
                    self._publisher_feedback.request_keyframe(encoding, now)

    def publication_statistics(self) -> list[PublicationStats]:
        return [publication_stats(publication) for publication in self._publications.values()]

    def available_outgoing_bitrate(self, session_id: SessionId) -> int | None:
        """Return how many bits per second the path to a peer carries, as far as that is known."""
        session = self._sessions.get(session_id)
        bitrate_bps = None if session is None else session.congestion.available_outgoing_bitrate
        return None if bitrate_bps is None else round(bitrate_bps)

    def subscription_statistics(
        self, session_id: SessionId | None = None
    ) -> list[SubscriptionStats]:
        """Return what is known of each subscription, or of those of one session."""
        subscriptions: Iterable[Subscription] = self._subscriptions
        if session_id is not None:
            session = self._sessions.get(session_id)
            subscriptions = () if session is None else session.subscriptions.values()
        return [subscription_stats(subscription) for subscription in subscriptions]

    def totals(self) -> MediaTotals:
        """Return how much media there was in this room until now."""
        totals = MediaTotals()
        totals.add(self._ended)
        for publication in self._publications.values():
            totals.add_publication(publication)
        for subscription in self._subscriptions:
            totals.add_subscription(subscription)
        return totals

    def viewers_fraction_lost(self) -> float | None:
        """Return the mean of what viewers say that they lose; None if none has said anything."""
        reports = [
            subscription.remote_report.fraction_lost
            for subscription in self._subscriptions
            if subscription.remote_report is not None
        ]
        return sum(reports) / len(reports) / 256 if reports else None

    def _session(self, session_id: SessionId) -> MediaSession:
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = MediaSession(
                session_id,
                self.drops,
                ntp_at_zero=self._ntp_at_zero,
                probe_slots=self._probe_slots,
            )
        return session

    def _forget_session_if_unused(self, session_id: SessionId) -> None:
        session = self._sessions[session_id]
        if not session.publications:
            self._publisher_feedback.remove_session(session)
            self._burst_sessions.discard(session)
            if not session.subscriptions:
                self._adaptations.discard(session)
                del self._sessions[session_id]

    def _place(self, subscription: Subscription, now: float) -> None:
        """Attach to the newest publication that suits: an older one may be about to go."""
        for publication in reversed(self._publications.values()):
            if publication.suits(subscription):
                publication.attach(subscription)
                self.choose_layer(subscription, now)
                return

    def _flushed_encodings(self, now: float) -> list[Encoding]:
        """Return whose packets are waiting; first those that viewers may be about to leave."""
        encodings = list(self._burst_encodings)
        for encoding, publication in self._burst_encodings.items():
            if encoding.active_at is None:
                # At once, because its first packets hold a keyframe.
                encoding.sample(now)
                for subscription in publication.subscriptions():
                    self._select_best_layer(subscription, now)
        if len(encodings) > 1:
            encodings.sort(key=lambda encoding: encoding.has_arrivals)
        return encodings

    def _watch_layers(self, publication: Publication | None, now: float) -> None:
        """Look at its layers from now on, if it has any; those of an encoding come to be known."""
        if publication is None or publication in self._layer_checks:
            return
        if publication.has_choice:
            self._layer_checks.set(publication, now + LAYER_INTERVAL)

    def _check_layers(self, publication: Publication, now: float) -> None:
        if publication.has_new_layers(now):
            for subscription in publication.subscriptions():
                self.choose_layer(subscription, now)
        self._watch_layers(publication, now)

    def _select_best_layer(self, subscription: Subscription, now: float) -> None:
        if subscription.publication is None:
            return
        layers = subscription.publication.layers_for(subscription, now)
        if layers:
            layer = best_layer(
                layers,
                subscription.preference,
                subscription.budget_bps,
                cautiously=subscription.is_cautious,
            )
            subscription.select_layer(layer)

    def _adapt(self, session: MediaSession, now: float) -> None:
        """Keep a viewer within its budget, and look again as long as it has one."""
        for subscription in session.congestion.adapt(now):
            self.choose_layer(subscription, now)
        for subscription in session.subscriptions.values():
            if subscription.retransmitter is not None:
                self._retransmitting[subscription.retransmitter] = None
        self._watch_path(session, now)

    def _watch_path(self, session: MediaSession, now: float) -> None:
        if (deadline := session.congestion.deadline(now)) is not None:
            self._adaptations.set(session, deadline)
