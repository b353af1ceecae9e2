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
class OfferedRid:
    """An encoding, and what the peer says of it beside its name (RFC 8851).

    `restrictions` are (name, value) pairs such as ("max-width", "1280"), without the list of its
    payload types, which is in `payload_types`: all where that is empty.
    """

    rid: Rid
    payload_types: frozenset[str] = frozenset()
    restrictions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedStreams:
    """What a section declares to send.

    `ssrcs` are media streams in the offer's order, `rtx_ssrcs` the retransmission streams by
    media stream. `rids` holds one encoding for each stream of `a=simulcast`, in its order.
    """

    ssrcs: tuple[Ssrc, ...]
    rtx_ssrcs: Mapping[Ssrc, Ssrc]
    rids: tuple[OfferedRid, ...]
    has_simulcast: bool
    cname: str | None


NO_STREAMS: Final = OfferedStreams((), {}, (), has_simulcast=False, cname=None)


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
        has_simulcast=bool(_simulcast_streams(attributes.first("simulcast") or "")),
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


def _rids(attributes: Attributes) -> tuple[OfferedRid, ...]:
    """Return the encodings that the peer would send, in its order of preference.

    RFC 8853 section 5.1 lets a stream have alternatives; the first that is declared is taken.
    """
    lines = (line.partition(" ") for line in attributes.all("rid"))
    declared = {
        Rid(rid): _offered_rid(Rid(rid), rest.partition(" ")[2])
        for rid, _, rest in lines
        if _RID.fullmatch(rid) and len(rid) <= MAX_RID_SIZE and rest.split(" ")[0] == "send"
    }
    if len(declared) > MAX_RIDS:
        raise SdpError(f"A section has more than {MAX_RIDS} simulcast encodings")
    streams = _simulcast_streams(attributes.first("simulcast") or "")
    ordered = (next((rid for rid in stream if rid in declared), None) for stream in streams)
    listed = dict.fromkeys(rid for rid in ordered if rid is not None)
    return tuple(declared[rid] for rid in listed or declared)


def _offered_rid(rid: Rid, restrictions: str) -> OfferedRid:
    pairs = (part.strip().partition("=") for part in restrictions.split(";") if part.strip())
    values = {name: value for name, _, value in pairs}
    payload_types = values.pop("pt", "")
    return OfferedRid(rid, frozenset(payload_types.split(",")) - {""}, tuple(values.items()))


def _simulcast_streams(simulcast: str) -> list[list[Rid]]:
    """Return the alternatives of each stream sent: `send q;h,~h2;f recv r`.

    Old drafts have `send rid=q;h`; a tilde marks an encoding that begins paused.
    """
    words = simulcast.split()
    if "send" not in words[:-1]:
        return []
    streams = words[words.index("send") + 1].removeprefix("rid=")
    return [
        [Rid(rid.removeprefix("~")) for rid in stream.split(",")] for stream in streams.split(";")
    ]
