"""What a session's offer and answer came to, and whether a later offer is of the same session.

A later offer may restart ICE (RFC 8445 section 9) and nothing else: media goes on, so whatever it
is sent and received with stays as it was agreed. It is answered from here, not from a kept answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liverelay.errors import SessionMismatchError
from liverelay.sdp.matching import describe, same_format
from liverelay.sdp.section import Direction
from liverelay.sdp.writer import AnsweredSection, bundled, write_answer

if TYPE_CHECKING:
    from liverelay.rtp.types import Mid, Rid
    from liverelay.sdp.connection import RemoteConnection, Setup
    from liverelay.sdp.offer import Offer
    from liverelay.sdp.parameters import Codec, HeaderExtension, ReceiveParameters, SendParameters
    from liverelay.sdp.section import OfferedDataChannel, OfferedSection
    from liverelay.sdp.writer import LocalEnd


@dataclass(frozen=True, slots=True)
class AgreedSection:
    """What one section came to: `offered` is the peer's direction, `direction` ours."""

    media: str
    mid: Mid | None
    is_accepted: bool
    offered: Direction
    direction: Direction
    codecs: tuple[Codec, ...]
    extensions: tuple[HeaderExtension, ...]
    rids: tuple[Rid, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds for as long as a session lives.

    `remote` belongs to the section that carries the bundle, and `setup` is our role towards it.
    `receive` and `send` hold one entry for each section in which media may flow that way.
    """

    remote: RemoteConnection
    setup: Setup
    receive: tuple[ReceiveParameters, ...]
    send: tuple[SendParameters, ...]
    data_channel: OfferedDataChannel | None
    sections: tuple[AgreedSection, ...]


def agreed_section(answered: AnsweredSection) -> AgreedSection:
    """Return what is to be remembered of a section once it is answered."""
    return AgreedSection(
        media=answered.offered.media,
        mid=answered.offered.mid,
        is_accepted=answered.is_accepted,
        offered=answered.offered.direction,
        direction=answered.direction,
        codecs=answered.codecs,
        extensions=tuple(each.extension for each in answered.extensions),
        rids=tuple(each.rid for each in answered.rids),
    )


@dataclass(frozen=True, slots=True)
class Reoffer:
    """A later offer of the same session; `agreed` is what holds with it."""

    offer: Offer
    agreed: Agreement
    sections: tuple[AnsweredSection, ...]
    restarts_ice: bool

    def answer(self, local: LocalEnd) -> str:
        """Return the whole answer, which differs from the first one in our ICE credentials only."""
        return write_answer(self.offer, local, self.agreed.setup, self.sections)


def take_up(agreed: Agreement, offer: Offer) -> Reoffer:
    """Return a later offer as one of the session that agreed on this.

    Raises:
        SessionMismatchError: It is of another session, or would change this one.
    """
    if len(offer.sections) != len(agreed.sections):
        raise SessionMismatchError(
            f"The offer has {len(offer.sections)} sections; the session has {len(agreed.sections)}"
        )
    sections = tuple(map(_answered_again, agreed.sections, offer.sections))
    remote = bundled(offer, sections)[0].connection.complete()
    _check_association(agreed, remote)
    before, after = agreed.remote.ice, remote.ice
    if (before.ufrag == after.ufrag) != (before.pwd == after.pwd):
        # RFC 8839 section 4.4.1.1.1.
        raise SessionMismatchError("An ICE restart changes both a=ice-ufrag and a=ice-pwd")
    return Reoffer(offer, replace(agreed, remote=remote), sections, before != after)


def _check_association(agreed: Agreement, remote: RemoteConnection) -> None:
    """Raise if the offer asks for another DTLS association (RFC 8842 section 4)."""
    if set(remote.fingerprints) != set(agreed.remote.fingerprints):
        raise SessionMismatchError("The offer's a=fingerprint is not that of the session")
    if remote.setup is agreed.setup:
        raise SessionMismatchError(
            f"The offer has a=setup:{remote.setup.value}, which is the server's role already"
        )


def _answered_again(agreed: AgreedSection, offered: OfferedSection) -> AnsweredSection:
    if offered.media != agreed.media:
        raise SessionMismatchError(
            f"The {offered.media} section is where the session has {agreed.media}"
        )
    if not agreed.is_accepted:
        rejected = replace(offered, data_channel=None)
        return AnsweredSection(rejected, Direction.INACTIVE, (), ())
    if not offered.is_served:
        raise SessionMismatchError(f"The {offered.media} section has been stopped")
    if offered.mid != agreed.mid:
        raise SessionMismatchError(f"The {offered.media} section's a=mid was {agreed.mid}")
    if offered.direction is not agreed.offered:
        raise SessionMismatchError(
            f"The {offered.media} section is {offered.direction.value}; it was"
            f" {agreed.offered.value}"
        )
    _check_codecs(agreed, offered)
    extensions = [each for each in offered.extensions if each.extension in agreed.extensions]
    if len(extensions) != len(agreed.extensions):
        raise SessionMismatchError(f"The {offered.media} section's header extensions have changed")
    rids = [each for each in offered.streams.rids if each.rid in agreed.rids]
    if len(rids) != len(agreed.rids):
        raise SessionMismatchError(f"The {offered.media} section's encodings (a=rid) have changed")
    return AnsweredSection(offered, agreed.direction, agreed.codecs, tuple(extensions), tuple(rids))


def _check_codecs(agreed: AgreedSection, offered: OfferedSection) -> None:
    by_type = {codec.payload_type: codec for codec in offered.codecs}
    for codec in agreed.codecs:
        same = by_type.get(codec.payload_type)
        if (
            same is None
            or not same_format(same, codec)
            or same.rtx_payload_type != codec.rtx_payload_type
        ):
            raise SessionMismatchError(
                f"Payload type {codec.payload_type} of the {offered.media} section was"
                f" {describe(codec)}"
            )
