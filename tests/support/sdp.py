"""Offers from tests/data, and an end of ours to answer them with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from liverelay.rtp.types import Mid, PayloadType, Ssrc
from liverelay.sdp.answer import Answer, LocalEnd, Purpose, SectionSsrcs, answer
from liverelay.sdp.connection import Candidate, Fingerprint, IceCredentials
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import Codec, MediaKind, ReceiveParameters

if TYPE_CHECKING:
    from liverelay.sdp.section import OfferedSection

OFFERS = Path(__file__).parents[1] / "data" / "offers"

LOCAL = LocalEnd(
    ice=IceCredentials("relay", "0123456789abcdefghijklmn"),
    fingerprints=(Fingerprint("sha-256", ":".join(f"{byte:02X}" for byte in range(32))),),
    candidates=(Candidate("10.99.0.1", 8080), Candidate("fd00::1", 8080)),
    ssrcs={
        MediaKind.AUDIO: SectionSsrcs(Ssrc(1001), Ssrc(1002)),
        MediaKind.VIDEO: SectionSsrcs(Ssrc(2001), Ssrc(2002)),
    },
    cname="relay-cname",
    stream_id="relay-stream",
    origin_id=4711,
)

VP8 = Codec(PayloadType(96), "VP8", 90000)
VP9 = Codec(PayloadType(98), "VP9", 90000)
OPUS = Codec(PayloadType(111), "opus", 48000, 2)
RED = Codec(PayloadType(63), "red", 48000, 2, (("111/111", ""),))


def h264(
    profile_level_id: str | None = "42e01f", mode: str | None = "1", payload_type: int = 102
) -> Codec:
    parameters = (("packetization-mode", mode), ("profile-level-id", profile_level_id))
    return Codec(
        PayloadType(payload_type),
        "H264",
        90000,
        parameters=tuple((name, value) for name, value in parameters if value is not None),
    )


def offer_names() -> list[str]:
    return sorted(path.stem for path in OFFERS.glob("*.sdp"))


def offer_text(name: str) -> str:
    return (OFFERS / f"{name}.sdp").read_bytes().decode()


def edited(name: str, old: str, new: str) -> str:
    """Return an offer from tests/data with every `old` in it replaced."""
    text = offer_text(name)
    assert old in text
    return text.replace(old, new)


def restarted(text: str) -> str:
    """Return an offer as its client makes it to restart ICE: with credentials of its own again."""
    text = re.sub(r"a=ice-ufrag:(\S+)", r"a=ice-ufrag:\1restarted", text)
    return re.sub(r"a=ice-pwd:(\S+)", r"a=ice-pwd:\1restarted", text)


def section(text: str, media: str) -> OfferedSection:
    return next(each for each in parse_offer(text).sections if each.media == media)


def purpose_of(name: str) -> Purpose:
    """Return what the client of a recorded offer would ask for."""
    if "subscribe" in name or name.startswith("werift"):
        return Purpose.SUBSCRIBE
    if any(word in name for word in ("call", "data", "video-first", "audio-only", "stopped")):
        return Purpose.CALL
    return Purpose.PUBLISH


def answer_to(name: str, purpose: Purpose | None = None) -> Answer:
    return answer(parse_offer(offer_text(name)), LOCAL, purpose or purpose_of(name))


def publication(kind: MediaKind, *codecs: Codec) -> ReceiveParameters:
    return ReceiveParameters(kind, Mid("9"), codecs, (), (), {}, (), None)


def section_lines(sdp: str, media: str) -> list[str]:
    """Return the lines of the first section of `media`, its media line first."""
    for block in sdp.replace("\r\n", "\n").split("\nm=")[1:]:
        if block.startswith(media):
            return ("m=" + block).rstrip("\n").split("\n")
    raise AssertionError(f"no {media} section")
