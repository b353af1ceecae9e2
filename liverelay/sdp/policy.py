"""What of an offer we take up: feedback, retransmission and header extensions, with the reasons.

An entry says in which direction it may be answered: inbound is what a publisher sends us,
outbound what we send to a viewer; a section of a call gets both. Nothing is answered before it
works, because the peer relies on it from then on. To switch something on, change its entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liverelay.rtp.extensions import DEPENDENCY_DESCRIPTOR_URI

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from liverelay.sdp.parameters import Codec
    from liverelay.sdp.section import OfferedExtension

TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_SDES: Final = "urn:ietf:params:rtp-hdrext:sdes:"
RID: Final = _SDES + "rtp-stream-id"
_WEBRTC: Final = "http://www.webrtc.org/experiments/rtp-hdrext/"


@dataclass(frozen=True, slots=True)
class Use:
    """The directions in which something is answered."""

    inbound: bool
    outbound: bool

    def covers(self, *, inbound: bool, outbound: bool) -> bool:
        """Return whether it is used in one of the directions that are in play."""
        return (self.inbound and inbound) or (self.outbound and outbound)


_BOTH: Final = Use(inbound=True, outbound=True)
_NEITHER: Final = Use(inbound=False, outbound=False)
_INBOUND: Final = Use(inbound=True, outbound=False)
_OUTBOUND: Final = Use(inbound=False, outbound=True)

_FEEDBACK: Final = {
    # Keyframe requests go both ways: viewers ask us, we ask publishers.
    "nack pli": _BOTH,
    "ccm fir": _BOTH,
    # Viewers' losses are repaired from the history, a publisher's by asking for them; viewers' only
    # where there is a retransmission format (`_WITHOUT_RTX`).
    "nack": _BOTH,
    # Without it Chromium publishes 300 kbit/s. Viewers would send 10 to 20 reports a second: only
    # those are asked for it that can say nothing else (`insists_on_transport_cc`).
    "transport-cc": _INBOUND,
    # What a viewer says it can take, twice a second; and what a publisher is told that has no
    # transport-cc.
    "goog-remb": _BOTH,
}

_EXTENSIONS: Final = {
    # These tell a publisher's streams apart. They are its names, not the viewer's, who has SSRCs.
    _SDES + "mid": _INBOUND,
    RID: _INBOUND,
    _SDES + "repaired-rtp-stream-id": _INBOUND,
    # Read here to know who speaks, and by viewers to show how loud.
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": _BOTH,
    # About one hop, so they end here.
    TRANSPORT_CC: _INBOUND,
    # Its second version asks for feedback on request, which nothing gives.
    _WEBRTC + "transport-wide-cc-02": _NEITHER,
    # What viewers' REMB is made from. The server adds its own to what it sends; a publisher's would
    # cost bytes and say nothing.
    _WEBRTC + "abs-send-time": _OUTBOUND,
    "urn:ietf:params:rtp-hdrext:toffset": _NEITHER,
    # Describes simulcast layers to a server that chooses between them.
    _WEBRTC + "video-layers-allocation00": _NEITHER,
    # Encrypted extensions (RFC 6904) could not be told apart and renumbered.
    "urn:ietf:params:rtp-hdrext:encrypt": _NEITHER,
}

# To a viewer without a retransmission format a packet would have to be sent again on its own stream
# and under its own number. If but a bit were not as before, a timestamp in its header, two packets
# would be encrypted under one nonce, which gives the authentication of AES-GCM away (RFC 7714).
_WITHOUT_RTX: Final = {"nack": _INBOUND}

# For viewers that insist on transport-cc: their packets are numbered, and need not be dated.
_OF_INSISTING_VIEWERS: Final = {TRANSPORT_CC: _BOTH, _WEBRTC + "abs-send-time": _NEITHER}


def insists_on_transport_cc(
    codecs: Iterable[Codec], extensions: Collection[OfferedExtension]
) -> bool:
    """Return whether a section's offer knows transport-cc, and no other way to tell a bandwidth.

    Numbering the packets of a viewer costs it a copy of its own of each, so whoever offers
    goog-remb as well is asked for that.
    """
    offered = {entry for codec in codecs for entry in codec.feedback}
    return (
        "transport-cc" in offered
        and "goog-remb" not in offered
        and any(each.extension.uri == TRANSPORT_CC for each in extensions)
    )


def answered_feedback(
    codec: Codec,
    extensions: Collection[OfferedExtension],
    *,
    inbound: bool,
    outbound: bool,
    insists: bool = False,
) -> tuple[str, ...]:
    """Return the feedback to answer for `codec`, of what its offer has.

    `insists` is for all sections of a peer, as its packets are numbered together.
    """
    uses = dict(_FEEDBACK)
    if codec.rtx_payload_type is None:
        uses |= _WITHOUT_RTX
    if insists:
        uses["transport-cc"] = _BOTH
    # What it reports on are the numbers in the extension.
    if not any(offered.extension.uri == TRANSPORT_CC for offered in extensions):
        uses["transport-cc"] = _NEITHER
    elif "transport-cc" in codec.feedback:
        uses["goog-remb"] = _OUTBOUND
    return tuple(
        entry
        for entry in codec.feedback
        if uses.get(entry, _NEITHER).covers(inbound=inbound, outbound=outbound)
    )


def extension_use(uri: str, *, insists: bool = False) -> Use:
    """Return how far an extension goes; `insists` as in `answered_feedback`.

    One that we do not know passes from end to end, because the same is promised for the packets;
    but what describes a source (RFC 7941) is ours to say.
    """
    if insists and uri in _OF_INSISTING_VIEWERS:
        return _OF_INSISTING_VIEWERS[uri]
    return _EXTENSIONS.get(uri, _NEITHER if uri.startswith(_SDES) else _BOTH)


def replaces_payload(uri: str, codecs: Sequence[Codec]) -> bool:
    """Return whether a publisher that is answered this extension says less in its payloads.

    Beside the dependency descriptor libwebrtc leaves PictureID, TL0PICIDX and layer out of those of
    VP8. They tell viewers of several encodings, and those without the extension, which pictures
    they can do without.
    """
    return uri == DEPENDENCY_DESCRIPTOR_URI and any(codec.name == "VP8" for codec in codecs[:1])
