"""One published section of a peer's session: its encodings, and which of them each viewer gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sfu.encoding import Encoding
from liverelay.sfu.layers import ascending
from liverelay.sfu.picture_ids import PictureTimeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.types import PayloadType, Rid
    from liverelay.sdp.parameters import Codec, ReceiveParameters
    from liverelay.sfu.layers import ActiveLayer, Layer
    from liverelay.sfu.speakers import LevelMeter
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import PeerId, PublicationId, SessionId

# How often it is asked which layers arrive. A viewer of one that stops is to see another within a
# second, of which the keyframe takes its part.
LAYER_INTERVAL = 0.15
# A layer may pause for so long while others go on: a few frames of a slow camera.
_MAX_SILENCE = 0.45


class Publication:
    """Knows what is arriving and feeds each viewer from the layer selected for it.

    There is one encoding per rid, or one per declared SSRC if there are no rids. Which of them are
    sent, and when, is the publisher's choice.
    """

    def __init__(
        self,
        publication_id: PublicationId,
        session_id: SessionId,
        peer_id: PeerId,
        parameters: ReceiveParameters,
    ) -> None:
        self.publication_id = publication_id
        self.session_id = session_id
        self.peer_id = peer_id
        self.parameters = parameters
        self.codecs: dict[PayloadType, Codec] = {
            codec.payload_type: codec for codec in parameters.codecs
        }
        self.codecs_by_rtx: dict[PayloadType, Codec] = {
            codec.rtx_payload_type: codec
            for codec in parameters.codecs
            if codec.rtx_payload_type is not None
        }
        count = len(parameters.rids) or len(parameters.ssrcs) or 1
        timeline = PictureTimeline() if count > 1 else None
        self.encodings = tuple(Encoding(session_id, parameters, timeline) for _ in range(count))
        self.level_meter: LevelMeter | None = None
        self._subscriptions: dict[Subscription, None] = {}
        self._sampled_at: float | None = None
        self._latest: list[Layer] = []
        # What it sent when it was told to send less; None while it is not.
        self.unlimited_bps: float | None = None

    def encoding_of(self, rid: Rid | None) -> Encoding | None:
        """Return the encoding of `rid`; without one, the only encoding there is."""
        if rid is not None and rid in self.parameters.rids:
            return self.encodings[self.parameters.rids.index(rid)]
        return self.encodings[0] if len(self.encodings) == 1 else None

    @property
    def has_choice(self) -> bool:
        """Whether there may be more than one layer."""
        return len(self.encodings) > 1 or any(encoding.has_layers for encoding in self.encodings)

    def subscriptions(self) -> Iterator[Subscription]:
        return iter(self._subscriptions)

    def suits(self, subscription: Subscription) -> bool:
        """Return whether this is something to send there; nobody gets their own media."""
        return (
            subscription.parameters.kind is self.parameters.kind
            and subscription.peer_id != self.peer_id
        )

    def take_viewers_limit(self) -> float | None:
        """Return the bits per second that the best of its viewers' paths has room for.

        The publisher is to be told so, and what it sent until then is remembered. None if one of
        them has room for all, if there is nobody, or if there are other encodings for those that
        have not.
        """
        limit_bps = self._viewers_limit_bps()
        if limit_bps is None:
            self.unlimited_bps = None
        elif self.unlimited_bps is None:
            self.unlimited_bps = max(
                (layer.bitrate_bps for each in self.encodings for layer in each.layers(0)),
                default=None,
            )
        return limit_bps

    def _viewers_limit_bps(self) -> float | None:
        if len(self.encodings) > 1:
            return None
        best = 0.0
        for subscription in self._subscriptions:
            if subscription.available_bps is None:
                return None
            best = max(best, subscription.available_bps)
        return best or None

    def attach(self, subscription: Subscription) -> None:
        """Take a viewer in; it gets nothing before a layer is selected for it."""
        subscription.publication = self
        self._subscriptions[subscription] = None

    def detach(self, subscription: Subscription) -> None:
        subscription.leave()
        subscription.publication = subscription.layer = None
        del self._subscriptions[subscription]

    def layers(self, now: float) -> list[ActiveLayer]:
        """Return the layers that are arriving, from the poorest to the best.

        It costs little to call: what is returned is measured a few times a second.

        One that is silent while others are not has stopped. If all are, as a picture that never
        changes may be, nothing can be told.
        """
        if self._sampled_at is None or now - self._sampled_at >= LAYER_INTERVAL:
            self._sampled_at = now
            for encoding in self.encodings:
                encoding.sample(now)
        active = self.active_encodings()
        return ascending(
            [
                layer
                for index, encoding in enumerate(self.encodings)
                if encoding in active
                for layer in encoding.layers(index)
            ]
        )

    def active_encodings(self) -> list[Encoding]:
        """Return those that were arriving when it was last asked for the layers."""
        heard = [(each, each.active_at) for each in self.encodings if each.active_at is not None]
        newest = max((active_at for _, active_at in heard), default=0.0)
        return [each for each, active_at in heard if newest - active_at < _MAX_SILENCE]

    def layers_for(self, subscription: Subscription, now: float) -> list[ActiveLayer]:
        """Return those of the layers that are arriving which a viewer can make use of."""
        return [
            each
            for each in self.layers(now)
            if self.encodings[each.layer.encoding_index].suits(subscription, each.layer)
        ]

    def has_new_layers(self, now: float) -> bool:
        """Return whether other layers are arriving than at the last call, or in another order."""
        before, self._latest = self._latest, [each.layer for each in self.layers(now)]
        return self._latest != before

    def select(self, subscription: Subscription, layer: Layer | None) -> None:
        """Send a viewer `layer` from the next packet that one can start with; None for nothing."""
        if layer is None:
            subscription.leave()
        else:
            self.encodings[layer.encoding_index].attach(subscription, layer)
