"""What publishers and viewers have negotiated, in the numbers of typical clients."""

from __future__ import annotations

from dataclasses import replace

from liverelay.rtp.extensions import ABS_SEND_TIME_URI, MID_URI, TRANSPORT_CC_URI
from liverelay.rtp.types import Mid, PayloadType, Rid, Ssrc
from liverelay.sdp.parameters import (
    Codec,
    HeaderExtension,
    MediaKind,
    ReceiveParameters,
    SendParameters,
)

VP8 = Codec(PayloadType(96), "VP8", 90_000, feedback=("nack pli", "transport-cc"))
VP8_WITH_RTX = replace(VP8, rtx_payload_type=PayloadType(97))
VP8_WITH_NACK = replace(VP8, feedback=("nack", *VP8.feedback))
REPAIRED_VP8 = replace(VP8_WITH_NACK, rtx_payload_type=PayloadType(97))
VP8_WITH_REMB = replace(VP8, feedback=("nack pli", "goog-remb"))
OPUS = Codec(PayloadType(111), "opus", 48_000, channels=2)
RED = Codec(PayloadType(63), "red", 48_000, channels=2)

# Firefox's numbers, so that something has to be mapped.
VIEWER_VP8 = Codec(PayloadType(120), "VP8", 90_000, rtx_payload_type=PayloadType(124))
VIEWER_OPUS = Codec(PayloadType(109), "opus", 48_000, channels=2)
VIEWER_RED = Codec(PayloadType(119), "red", 48_000, channels=2)

MID_EXTENSION = HeaderExtension(4, MID_URI)
ABS_SEND_TIME_EXTENSION = HeaderExtension(2, ABS_SEND_TIME_URI)
TRANSPORT_CC_EXTENSION = HeaderExtension(3, TRANSPORT_CC_URI)


def published_video(
    *codecs: Codec,
    mid: str = "0",
    ssrcs: tuple[int, ...] = (0x1234,),
    rtx_ssrcs: dict[int, int] | None = None,
    rids: tuple[str, ...] = (),
    extensions: tuple[HeaderExtension, ...] = (),
) -> ReceiveParameters:
    return ReceiveParameters(
        kind=MediaKind.VIDEO,
        mid=Mid(mid),
        codecs=codecs or (VP8,),
        extensions=extensions,
        ssrcs=tuple(Ssrc(ssrc) for ssrc in ssrcs),
        rtx_ssrcs={Ssrc(media): Ssrc(rtx) for media, rtx in (rtx_ssrcs or {}).items()},
        rids=tuple(Rid(rid) for rid in rids),
        cname="publisher",
    )


def published_audio(
    *codecs: Codec,
    mid: str = "1",
    ssrcs: tuple[int, ...] = (0x5678,),
    extensions: tuple[HeaderExtension, ...] = (),
) -> ReceiveParameters:
    return replace(
        published_video(*codecs, mid=mid, ssrcs=ssrcs, extensions=extensions),
        kind=MediaKind.AUDIO,
        codecs=codecs or (OPUS,),
    )


def watched_video(
    *codecs: Codec,
    ssrc: int = 0xC0DE,
    rtx_ssrc: int | None = 0xC0DF,
    mid: str = "0",
    extensions: tuple[HeaderExtension, ...] = (),
) -> SendParameters:
    return SendParameters(
        kind=MediaKind.VIDEO,
        mid=Mid(mid),
        ssrc=Ssrc(ssrc),
        rtx_ssrc=None if rtx_ssrc is None else Ssrc(rtx_ssrc),
        codecs=codecs or (VIEWER_VP8,),
        extensions=extensions,
        cname="relay",
    )


def watched_audio(
    *codecs: Codec,
    ssrc: int = 0xA0DE,
    mid: str = "1",
    extensions: tuple[HeaderExtension, ...] = (),
) -> SendParameters:
    return replace(
        watched_video(ssrc=ssrc, rtx_ssrc=None, mid=mid, extensions=extensions),
        kind=MediaKind.AUDIO,
        codecs=codecs or (VIEWER_OPUS,),
    )
