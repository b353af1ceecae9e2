"""Which codecs and extensions of two peers are the same thing under different numbers.

Nothing is transcoded, so a stream reaches a viewer only under a payload type of the same format.
Video formats come in variants that a decoder may lack; which fmtp parameters tell them apart is
each payload format's own rule, and all of those rules are here.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from liverelay.rtp.types import PayloadType
    from liverelay.sdp.parameters import Codec, HeaderExtension


class _H264Profile(Enum):
    CONSTRAINED_BASELINE = auto()
    BASELINE = auto()
    MAIN = auto()
    EXTENDED = auto()
    CONSTRAINED_HIGH = auto()
    HIGH = auto()
    HIGH_444 = auto()


# RFC 6184 table 5 as (profile_idc, mask and value of profile_iop, profile), and constrained high
# as H.264 defines it, which browsers offer.
_H264_PROFILES: Final = (
    (0x42, 0x4F, 0x40, _H264Profile.CONSTRAINED_BASELINE),
    (0x4D, 0x8F, 0x80, _H264Profile.CONSTRAINED_BASELINE),
    (0x58, 0xCF, 0xC0, _H264Profile.CONSTRAINED_BASELINE),
    (0x42, 0x4F, 0x00, _H264Profile.BASELINE),
    (0x58, 0xCF, 0x80, _H264Profile.BASELINE),
    (0x4D, 0xAF, 0x00, _H264Profile.MAIN),
    (0x58, 0xCF, 0x00, _H264Profile.EXTENDED),
    (0x64, 0xFF, 0x00, _H264Profile.HIGH),
    (0x64, 0xFF, 0x0C, _H264Profile.CONSTRAINED_HIGH),
    (0xF4, 0xFF, 0x00, _H264Profile.HIGH_444),
)

# What a decoder of a profile also decodes (H.264 annex A.2).
_H264_SUBSETS: Final = {
    _H264Profile.BASELINE: {_H264Profile.CONSTRAINED_BASELINE},
    _H264Profile.MAIN: {_H264Profile.CONSTRAINED_BASELINE},
    _H264Profile.CONSTRAINED_HIGH: {_H264Profile.CONSTRAINED_BASELINE},
    _H264Profile.HIGH: {
        _H264Profile.CONSTRAINED_BASELINE,
        _H264Profile.MAIN,
        _H264Profile.CONSTRAINED_HIGH,
    },
}

# RFC 6184 says baseline where the parameter is missing; libwebrtc, and those who leave it out
# because it accepts that, mean constrained baseline.
_H264_DEFAULT: Final = "42e01f"

# The parameters that make variants of a format, with their defaults (RFC 9628 section 6, AV1 RTP
# section 7.2.1, RFC 7798 section 7.1). Levels are left out: they are limits, not formats.
_VARIANTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "VP9": (("profile-id", "0"),),
    "AV1": (("profile", "0"),),
    "H265": (("profile-id", "1"), ("tier-flag", "0"), ("tx-mode", "SRST")),
}


def same_format(one: Codec, other: Codec) -> bool:
    """Return whether the two are one format in one variant, so that either may send to either."""
    if not _same_registration(one, other):
        return False
    if one.name == "H264":
        return _h264_profile(one) == _h264_profile(other) and (
            _packetization_mode(one) == _packetization_mode(other)
        )
    return all(
        (one.parameter(name) or default) == (other.parameter(name) or default)
        for name, default in _VARIANTS.get(one.name, ())
    )


def can_carry(receiving: Codec, sent: Codec) -> bool:
    """Return whether a peer that offers `receiving` can play a stream of the format `sent`.

    More than `same_format` for H.264 only, whose profiles contain each other.
    """
    if same_format(receiving, sent):
        return True
    if receiving.name != "H264" or not _same_registration(receiving, sent):
        return False
    ours, theirs = _h264_profile(receiving), _h264_profile(sent)
    decodes = ours == theirs or (
        isinstance(ours, _H264Profile) and theirs in _H264_SUBSETS.get(ours, ())
    )
    # Non-interleaved mode includes single NAL unit packets (RFC 6184 section 6.3).
    return decodes and _packetization_mode(receiving) >= _packetization_mode(sent)


def best_match(sent: Codec, offered: Iterable[Codec]) -> Codec | None:
    """Return the one of `offered` to send `sent` under: the same format first."""
    able = [codec for codec in offered if can_carry(codec, sent)]
    return next((codec for codec in able if same_format(codec, sent)), able[0] if able else None)


def payload_type_map(
    received: Sequence[Codec], sent: Sequence[Codec]
) -> dict[PayloadType, PayloadType | None]:
    """Return each payload type of a publisher as the viewer's; None where it has no match."""
    matches = {codec.payload_type: best_match(codec, sent) for codec in received}
    return {
        payload_type: match.payload_type if match else None
        for payload_type, match in matches.items()
    }


def extension_id_map(
    received: Sequence[HeaderExtension], sent: Sequence[HeaderExtension]
) -> dict[int, int | None]:
    """Return each extension id of a publisher as the viewer's; None where it must not pass."""
    ids = {extension.uri: extension.extension_id for extension in sent}
    return {extension.extension_id: ids.get(extension.uri) for extension in received}


def extension_id_of(uri: str, extensions: Iterable[HeaderExtension]) -> int | None:
    """Return the id that was agreed for `uri`; None if there is none."""
    return next((each.extension_id for each in extensions if each.uri == uri), None)


def describe(codec: Codec) -> str:
    """Return the format in words for an error message, with what makes its variant."""
    names = [name for name, _ in _VARIANTS.get(codec.name, ())]
    if codec.name == "H264":
        names = ["profile-level-id", "packetization-mode"]
    given = [f"{name}={value}" for name in names if (value := codec.parameter(name)) is not None]
    return f"{codec.name} ({';'.join(given)})" if given else codec.name


def _same_registration(one: Codec, other: Codec) -> bool:
    return (one.name, one.clock_rate, one.channels) == (
        other.name,
        other.clock_rate,
        other.channels,
    )


def _packetization_mode(codec: Codec) -> str:
    return codec.parameter("packetization-mode") or "0"


def _h264_profile(codec: Codec) -> _H264Profile | str:
    """Return the profile; for one that is not in the table, the digits that say it."""
    text = (codec.parameter("profile-level-id") or _H264_DEFAULT).lower()
    try:
        idc, iop = int(text[0:2], 16), int(text[2:4], 16)
    except ValueError:
        return text
    return next(
        (
            profile
            for known_idc, mask, value, profile in _H264_PROFILES
            if idc == known_idc and iop & mask == value
        ),
        text[:4],
    )
