"""What an answered offer comes to: the streams a peer sends us and those we send it.

This is all of SDP that the media path knows. Everything here is immutable, and payload types and
extension ids are always the peer's own, because each client numbers them as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liverelay.rtp.types import Mid, PayloadType, Rid, Ssrc


class MediaKind(Enum):
    """What a section carries; the value is its word in SDP."""

    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload format under one payload type, with what was negotiated for it.

    `name` is spelled as its registration spells it, whatever the offer wrote. `parameters` holds
    the fmtp line as (name, value) pairs in its own order; a part without "=" has an empty value.
    `feedback` holds entries such as "nack pli".
    """

    payload_type: PayloadType
    name: str
    clock_rate: int
    channels: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    feedback: tuple[str, ...] = ()
    rtx_payload_type: PayloadType | None = None

    def parameter(self, name: str) -> str | None:
        """Return the value of the fmtp parameter `name`, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.parameters if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """An RTP header extension under the id that the peer gave it (RFC 8285)."""

    extension_id: int
    uri: str


@dataclass(frozen=True, slots=True)
class ReceiveParameters:
    """What a publisher sends us in one section.

    `codecs` starts with the one it is expected to send. `ssrcs` holds the media streams that the
    offer declares: none where the client leaves them to the MID and RID extensions (libwebrtc
    with simulcast). `rtx_ssrcs` gives the retransmission stream of a media stream.
    """

    kind: MediaKind
    mid: Mid
    codecs: tuple[Codec, ...]
    extensions: tuple[HeaderExtension, ...]
    ssrcs: tuple[Ssrc, ...]
    rtx_ssrcs: Mapping[Ssrc, Ssrc]
    rids: tuple[Rid, ...]
    cname: str | None


@dataclass(frozen=True, slots=True)
class SendParameters:
    """What we send to a viewer in one section, under our SSRCs and its payload types.

    `extensions` are only those that may be in the packets we send. `rtx_ssrc` is None where the
    viewer has no retransmission format.
    """

    kind: MediaKind
    mid: Mid
    ssrc: Ssrc
    rtx_ssrc: Ssrc | None
    codecs: tuple[Codec, ...]
    extensions: tuple[HeaderExtension, ...]
    cname: str
