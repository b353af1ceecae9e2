"""Answering an offer: which sections flow which way, with what, and the text that says so.

A pure function of the offer, of our end, and of what the room holds. Sections keep the offer's
order and mids; what is left out of an answer is refused by that alone (RFC 3264 section 6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from liverelay.errors import CodecMismatchError
from liverelay.sdp import policy
from liverelay.sdp.agreement import Agreement, agreed_section
from liverelay.sdp.matching import describe
from liverelay.sdp.parameters import MediaKind, ReceiveParameters, SendParameters
from liverelay.sdp.section import Direction
from liverelay.sdp.selection import (
    preferred_first,
    primary_of,
    published_codecs,
    shared_codecs,
    watched_codecs,
)
from liverelay.sdp.writer import AnsweredSection, LocalEnd, SectionSsrcs, bundled, write_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from liverelay.sdp.offer import Offer
    from liverelay.sdp.parameters import Codec, HeaderExtension
    from liverelay.sdp.section import OfferedExtension, OfferedSection
    from liverelay.sdp.streams import OfferedRid

__all__ = ["Answer", "LocalEnd", "Purpose", "SectionSsrcs", "answer"]


class Purpose(Enum):
    """What the peer asked for, which limits the directions of its sections."""

    PUBLISH = auto()
    SUBSCRIBE = auto()
    CALL = auto()

    def direction(self, offered: Direction) -> Direction:
        """Return our direction for a section that the peer offers as `offered`."""
        return Direction.of(
            sends=offered.receives and self is not Purpose.PUBLISH,
            receives=offered.sends and self is not Purpose.SUBSCRIBE,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer's text, and what was agreed by it."""

    sdp: str
    agreed: Agreement


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the answer to each section depends on beside the section.

    `insists` says whether what the peer is sent has to be numbered for transport-cc (`policy`).
    """

    purpose: Purpose
    publications: Sequence[ReceiveParameters]
    preferred_codecs: Sequence[Codec]
    insists: bool

    def published(self, kind: MediaKind) -> tuple[Codec, ...]:
        return tuple(
            codec
            for publication in self.publications
            if publication.kind is kind
            for codec in publication.codecs
        )


def answer(
    offer: Offer,
    local: LocalEnd,
    purpose: Purpose,
    *,
    publications: Sequence[ReceiveParameters] = (),
    preferred_codecs: Sequence[Codec] = (),
) -> Answer:
    """Return the answer to `offer`.

    Args:
        offer: What the peer offers.
        local: Our end: addresses, credentials, and the SSRCs to send under.
        purpose: What the peer asked for.
        publications: What the peer is to receive, as far as it is being published already.
        preferred_codecs: Which codecs to choose if the peer offers them, first the best: those
            that living viewers have negotiated, so that a returning publisher reaches them.

    Raises:
        CodecMismatchError: The peer has none of the codecs of any publication that it wants.
    """
    insists = _insists_on_transport_cc(offer, purpose)
    terms = _Terms(purpose, publications, preferred_codecs, insists)
    sections = [_answer_section(section, terms) for section in offer.sections]
    _check_codecs(terms, sections)
    remote = bundled(offer, sections)[0].connection.complete()
    setup = remote.setup.answered()
    received = (_receive_parameters(section) for section in sections)
    sent = (_send_parameters(section, local, terms) for section in sections)
    agreed = Agreement(
        remote=remote,
        setup=setup,
        receive=tuple(parameters for parameters in received if parameters),
        send=tuple(parameters for parameters in sent if parameters),
        data_channel=next(
            (offered.data_channel for offered in offer.sections if offered.data_channel), None
        ),
        sections=tuple(map(agreed_section, sections)),
    )
    return Answer(write_answer(offer, local, setup, sections), agreed)


def _insists_on_transport_cc(offer: Offer, purpose: Purpose) -> bool:
    return any(
        section.kind is MediaKind.VIDEO
        and purpose.direction(section.direction).sends
        and policy.insists_on_transport_cc(section.codecs, section.extensions)
        for section in offer.sections
    )


def _answer_section(section: OfferedSection, terms: _Terms) -> AnsweredSection:
    """Return our side of a section; one whose publication it cannot play stays, but inactive.

    It is not rejected then, because clients (aiortc) fail on a bundle with a rejected section,
    and the other kind of media is still worth having.
    """
    if section.kind is None or not section.codecs:
        return AnsweredSection(section, Direction.INACTIVE, (), ())
    direction = terms.purpose.direction(section.direction)
    codecs = _select(section, section.kind, direction, terms)
    if not codecs:
        direction, codecs = Direction.INACTIVE, section.codecs
    return AnsweredSection(
        section,
        direction,
        tuple(
            replace(
                codec,
                feedback=policy.answered_feedback(
                    codec,
                    section.extensions,
                    inbound=direction.receives,
                    outbound=direction.sends,
                    insists=terms.insists,
                ),
            )
            for codec in codecs
        ),
        tuple(
            offered
            for offered in section.extensions
            if (_is_inbound(offered, direction) or _is_outbound(offered, direction, terms))
            and not (direction.receives and policy.replaces_payload(offered.extension.uri, codecs))
        ),
        _accepted_rids(section, direction, codecs),
    )


def _accepted_rids(
    section: OfferedSection, direction: Direction, codecs: Sequence[Codec]
) -> tuple[OfferedRid, ...]:
    """Return the encodings to take: those that name themselves, in a format that is answered.

    A client whose encodings are not answered sends one of them.
    """
    names_itself = any(
        offered.extension.uri == policy.RID and _is_inbound(offered, direction)
        for offered in section.extensions
    )
    if not names_itself:
        return ()
    answered = {str(codec.payload_type) for codec in codecs}
    return tuple(
        rid for rid in section.streams.rids if not rid.payload_types or rid.payload_types & answered
    )


def _select(
    section: OfferedSection,
    kind: MediaKind,
    direction: Direction,
    terms: _Terms,
) -> tuple[Codec, ...]:
    offered = section.codecs
    if terms.purpose is Purpose.PUBLISH:
        return published_codecs(offered, terms.preferred_codecs)
    published = terms.published(kind)
    if direction is Direction.INACTIVE or not published:
        # All, so that whatever is published later can be sent without another negotiation.
        return preferred_first(offered, terms.preferred_codecs)
    if terms.purpose is Purpose.SUBSCRIBE:
        return watched_codecs(offered, published)
    return shared_codecs(offered, published)


def _check_codecs(terms: _Terms, sections: Sequence[AnsweredSection]) -> None:
    """Raise if there are publications the peer wants and it can play none of them."""
    wanted = [
        (section, primary)
        for section in sections
        if section.offered.kind is not None
        and terms.purpose.direction(section.offered.direction) is not Direction.INACTIVE
        and (primary := primary_of(terms.published(section.offered.kind))) is not None
    ]
    if terms.purpose is Purpose.PUBLISH or not wanted:
        return
    if all(section.direction is Direction.INACTIVE for section, _ in wanted):
        raise CodecMismatchError(tuple(describe(primary) for _, primary in wanted))


def _is_inbound(offered: OfferedExtension, direction: Direction) -> bool:
    use = policy.extension_use(offered.extension.uri)
    return direction.receives and offered.direction.sends and use.inbound


def _is_outbound(offered: OfferedExtension, direction: Direction, terms: _Terms) -> bool:
    use = policy.extension_use(offered.extension.uri, insists=terms.insists)
    return direction.sends and offered.direction.receives and use.outbound


def _receive_parameters(section: AnsweredSection) -> ReceiveParameters | None:
    offered = section.offered
    if offered.kind is None or offered.mid is None or not section.direction.receives:
        return None
    # All that was answered: in a call, what is meant for the way back comes this way, too.
    extensions = (each for each in section.extensions if each.direction.sends)
    return ReceiveParameters(
        kind=offered.kind,
        mid=offered.mid,
        codecs=section.codecs,
        extensions=_wire_extensions(extensions),
        ssrcs=offered.streams.ssrcs,
        rtx_ssrcs=offered.streams.rtx_ssrcs,
        rids=tuple(rid.rid for rid in section.rids),
        cname=offered.streams.cname,
    )


def _send_parameters(
    section: AnsweredSection, local: LocalEnd, terms: _Terms
) -> SendParameters | None:
    offered = section.offered
    if offered.kind is None or offered.mid is None or not section.direction.sends:
        return None
    ssrcs = local.ssrcs[offered.kind]
    extensions = (
        each for each in section.extensions if _is_outbound(each, section.direction, terms)
    )
    return SendParameters(
        kind=offered.kind,
        mid=offered.mid,
        ssrc=ssrcs.ssrc,
        rtx_ssrc=ssrcs.rtx_ssrc if section.has_rtx else None,
        codecs=section.codecs,
        extensions=_wire_extensions(extensions),
        cname=local.cname,
    )


def _wire_extensions(extensions: Iterable[OfferedExtension]) -> tuple[HeaderExtension, ...]:
    return tuple(offered.extension for offered in extensions)
