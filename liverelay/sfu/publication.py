"""One published section of a peer's session: its encodings, and the one that is forwarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sfu.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.types import PayloadType, Rid
    from liverelay.sdp.parameters import Codec, ReceiveParameters
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import PeerId, PublicationId, SessionId


class Publication:
    """Feeds subscriptions from the first of its encodings that carries media.

    There is one encoding per rid, or one per declared SSRC if there are no rids. Which one
    is sent first is the publisher's choice, so viewers that come before any wait here.
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
        self.primary: Encoding | None = None
        self.codecs: dict[PayloadType, Codec] = {
            codec.payload_type: codec for codec in parameters.codecs
        }
        self.codecs_by_rtx: dict[PayloadType, Codec] = {
            codec.rtx_payload_type: codec
            for codec in parameters.codecs
            if codec.rtx_payload_type is not None
        }
        count = len(parameters.rids) or len(parameters.ssrcs) or 1
        self.encodings = tuple(Encoding(session_id, parameters) for _ in range(count))
        self._unplaced: list[Subscription] = []

    def encoding_of(self, rid: Rid | None) -> Encoding | None:
        """Return the encoding of `rid`; without one, the only encoding there is."""
        if rid is not None and rid in self.parameters.rids:
            return self.encodings[self.parameters.rids.index(rid)]
        return self.encodings[0] if len(self.encodings) == 1 else None

    def subscriptions(self) -> Iterator[Subscription]:
        yield from self._unplaced
        if self.primary is not None:
            yield from self.primary.subscriptions()

    def suits(self, subscription: Subscription) -> bool:
        """Return whether this is something to send there; nobody gets their own media."""
        return (
            subscription.parameters.kind is self.parameters.kind
            and subscription.peer_id != self.peer_id
        )

    def attach(self, subscription: Subscription) -> None:
        subscription.publication = self
        if self.primary is None:
            self._unplaced.append(subscription)
        else:
            self.primary.attach(subscription)

    def detach(self, subscription: Subscription) -> None:
        if subscription.encoding is None:
            self._unplaced.remove(subscription)
        else:
            subscription.encoding.detach(subscription)
        subscription.publication = None

    def begin(self, encoding: Encoding) -> None:
        """Feed the viewers from `encoding`, the first that has carried media."""
        self.primary = encoding
        for subscription in self._unplaced:
            encoding.attach(subscription)
        self._unplaced.clear()
