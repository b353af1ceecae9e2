"""The streams that one section of an offer declares: SSRCs, their groups, and simulcast ids.

All of it is a help for telling packets apart, and all of it is optional: Chromium gives no SSRC
with simulcast, GStreamer and FFmpeg no ids. So a line that says nothing usable is skipped, except
where it is a number out of range.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from liverelay.errors import SdpError
from liverelay.rtp.types import Rid, Ssrc
from liverelay.sdp.description import parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.sdp.description import Attributes

# Three encodings with retransmission and repair make nine; screen sharing brings no more.
MAX_SSRCS: Final = 64
# Browsers stop at three; RFC 8853 sets no bound.
MAX_RIDS: Final = 16
MAX_RID_SIZE: Final = 64

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")
_RID: Final = re.compile(r"[A-Za-z0-9_-]+")

# Repair streams: their packets are no media of their own.
_REPAIR_GROUPS: Final = {"FID", "FEC", "FEC-FR"}


@dataclass(frozen=True, slots=True)
class OfferedStreams:
    """What a section declares to send.

    `ssrcs` are media streams in the offer's order, `rtx_ssrcs` the retransmission streams by
    media stream, `rids` the simulcast encodings in the order of `a=simulcast`.
    """

    ssrcs: tuple[Ssrc, ...]
    rtx_ssrcs: Mapping[Ssrc, Ssrc]
    rids: tuple[Rid, ...]
    cname: str | None


def is_token(text: str, max_size: int) -> bool:
    """Return whether `text` is a token of RFC 8866 of at most `max_size` characters."""
    return len(text) <= max_size and _TOKEN.fullmatch(text) is not None


def parse_streams(attributes: Attributes) -> OfferedStreams:
    """Return the streams that the attributes declare.

    Raises:
        SdpError: An SSRC is not one, or there are more than any client has.
    """
    cnames = _cnames(attributes.all("ssrc"))
    groups = [_group(line) for line in attributes.all("ssrc-group")]
    members = [ssrc for group in groups for ssrc in group.ssrcs]
    declared = dict.fromkeys([*cnames, *members])
    if len(declared) > MAX_SSRCS or len(groups) > MAX_SSRCS:
        raise SdpError(f"A section declares more than {MAX_SSRCS} SSRCs")
    repairs = {
        ssrc for group in groups if group.semantics in _REPAIR_GROUPS for ssrc in group.ssrcs[1:]
    }
    ssrcs = tuple(ssrc for ssrc in declared if ssrc not in repairs)
    return OfferedStreams(
        ssrcs=ssrcs,
        rtx_ssrcs={
            group.ssrcs[0]: group.ssrcs[1]
            for group in groups
            if group.semantics == "FID" and len(group.ssrcs) == 2
        },
        rids=_rids(attributes),
        cname=next((cname for ssrc in ssrcs if (cname := cnames.get(ssrc))), None),
    )


class _Group(NamedTuple):
    semantics: str
    ssrcs: tuple[Ssrc, ...]


def _ssrc(text: str) -> Ssrc:
    return Ssrc(parse_number(text, 0xFFFFFFFF, "an SSRC"))


def _cnames(lines: tuple[str, ...]) -> dict[Ssrc, str | None]:
    """Return the declared SSRCs in order, each with its cname if that is given."""
    cnames: dict[Ssrc, str | None] = {}
    for line in lines:
        digits, _, attribute = line.partition(" ")
        ssrc = _ssrc(digits)
        name, _, value = attribute.partition(":")
        cnames[ssrc] = value if name == "cname" and value else cnames.get(ssrc)
    return cnames


def _group(line: str) -> _Group:
    semantics, *ssrcs = line.split() or [""]
    return _Group(semantics, tuple(_ssrc(digits) for digits in ssrcs))


def _rids(attributes: Attributes) -> tuple[Rid, ...]:
    """Return the ids of the encodings that the peer would send, in its order of preference."""
    declared = [
        Rid(rid)
        for rid, _, rest in (line.partition(" ") for line in attributes.all("rid"))
        if _RID.fullmatch(rid) and len(rid) <= MAX_RID_SIZE and rest.split(" ")[0] == "send"
    ]
    if len(declared) > MAX_RIDS:
        raise SdpError(f"A section has more than {MAX_RIDS} simulcast encodings")
    listed = _listed_rids(attributes.first("simulcast") or "")
    ordered = [Rid(rid) for rid in listed if rid in declared]
    return tuple(dict.fromkeys(ordered or declared))


def _listed_rids(simulcast: str) -> list[str]:
    """Return the ids after "send": `send q;h,~h2;f recv r`, and `send rid=q;h` of old drafts."""
    words = simulcast.split()
    if "send" not in words[:-1]:
        return []
    streams = words[words.index("send") + 1].removeprefix("rid=")
    return [rid.removeprefix("~") for rid in re.split("[;,]", streams)]
