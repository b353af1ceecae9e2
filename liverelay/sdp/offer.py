"""Reading an offer: what a peer must say before it can be served at all.

The rules here are the contract's; each refusal is one sentence for whoever wrote the client.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liverelay.errors import SdpError
from liverelay.rtp.types import Mid
from liverelay.sdp.codecs import supported_names
from liverelay.sdp.connection import ConnectionLines, parse_connection
from liverelay.sdp.description import Description, split_description
from liverelay.sdp.parameters import MediaKind
from liverelay.sdp.section import OfferedSection, parse_section

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered.

    Every served section is in the one BUNDLE group and its `connection` is complete. At least one
    has a format that we pass through, or is a data channel, and there is at most one of each kind.
    `bundle` holds the group's mids without repetition.
    """

    sections: tuple[OfferedSection, ...]
    bundle: tuple[Mid, ...]
    extmap_allow_mixed: bool


def parse_offer(text: str) -> Offer:
    """Return the offer in `text`.

    Raises:
        SdpError: It is malformed, too large, or lacks what the contract asks of an offer.
    """
    description = split_description(text)
    if description.attributes.has("ice-lite"):
        raise SdpError("Both ends would be ICE-lite: the offer must not have a=ice-lite")
    sections = [parse_section(line, description.attributes) for line in description.sections]
    _check_mids(sections)
    bundle = _bundle(description)
    sections = [_without_stray_data_channel(section, sections, bundle) for section in sections]
    served = [section for section in sections if section.is_served]
    if not served:
        raise SdpError("The offer has no audio, video or data channel section to answer")
    for kind in MediaKind:
        if sum(section.kind is kind for section in served) > 1:
            raise SdpError(f"The offer has more than one {kind.value} section")
    _check_rtcp_mux(served)
    by_mid = {section.mid: section for section in served}
    fallback = _shared_connection(
        [by_mid[mid] for mid in bundle if mid in by_mid], parse_connection(description.attributes)
    )
    _check_codecs(served)
    return Offer(
        tuple(
            replace(section, connection=section.connection.completed_by(fallback))
            if section.is_served
            else section
            for section in sections
        ),
        bundle,
        description.attributes.has("extmap-allow-mixed"),
    )


def _bundle(description: Description) -> tuple[Mid, ...]:
    groups = [line.split() for line in description.attributes.all("group")]
    bundles = [group[1:] for group in groups if group[:1] == ["BUNDLE"]]
    if not bundles:
        raise SdpError("The offer has no a=group:BUNDLE line")
    return tuple(dict.fromkeys(Mid(mid) for mid in bundles[0]))


def _without_stray_data_channel(
    section: OfferedSection, sections: Sequence[OfferedSection], bundle: Sequence[Mid]
) -> OfferedSection:
    """Return the section, unserved if it is a data channel beside the one connection.

    That one is lost costs no media; a stray audio or video section would, so it is an error.
    """
    is_bundled = section.mid is not None and section.mid in bundle
    if section.kind is not None and not is_bundled:
        which = "no a=mid" if section.mid is None else "a mid that is not in a=group:BUNDLE"
        raise SdpError(f"The {section.media} section has {which}")
    if section.data_channel is None:
        return section
    first = next(other for other in sections if other.data_channel is not None)
    return section if is_bundled and section is first else replace(section, data_channel=None)


def _check_mids(sections: Sequence[OfferedSection]) -> None:
    mids = [section.mid for section in sections if section.mid is not None]
    if len(mids) != len(set(mids)):
        raise SdpError("Two sections of the offer have the same a=mid")


def _check_rtcp_mux(served: Sequence[OfferedSection]) -> None:
    for section in served:
        if section.kind is not None and not section.rtcp_mux:
            raise SdpError(f"The {section.media} section has no a=rtcp-mux")


def _check_codecs(served: Sequence[OfferedSection]) -> None:
    if not any(section.codecs or section.data_channel for section in served):
        names = "; ".join(f"{kind.value}: {supported_names(kind)}" for kind in MediaKind)
        raise SdpError(f"The offer has none of the supported codecs ({names})")


def _shared_connection(
    served: Sequence[OfferedSection], session: ConnectionLines
) -> ConnectionLines:
    """Return what sections without lines of their own use, and check that it is complete.

    That is the session's, then that of the group's first section: a bundle-only section carries
    none of it (RFC 8843 section 7.1.3).
    """
    shared = session
    for section in served:
        shared = shared.completed_by(section.connection)
    shared.complete()
    return shared
