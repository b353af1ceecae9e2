"""The payload formats of one section of an offer: those that we pass through.

What is not here is not answered, so no client sends it: ulpfec and flexfec would be passed on
without what they protect, comfort noise and telephone events are for gateways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liverelay.errors import SdpError
from liverelay.rtp.types import PayloadType
from liverelay.sdp.description import parse_number, shown
from liverelay.sdp.parameters import Codec, MediaKind

if TYPE_CHECKING:
    from liverelay.sdp.description import Attributes, MediaLine

# Payload types are seven bits wide.
MAX_FORMATS: Final = 128
# Browsers give five for a video format.
MAX_FEEDBACK: Final = 1024

RED: Final = "red"
_RTX: Final = "rtx"

# RFC 3551 table 4: these need no a=rtpmap.
_STATIC: Final = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000"}

# RFC 5761 section 4: under rtcp-mux these look like RTCP.
_RTCP_RANGE: Final = range(64, 96)


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    clock_rate: int
    channels: int = 1


_VIDEO_CLOCK: Final = 90000
_FORMATS: Final = {
    MediaKind.AUDIO: (
        _Format("opus", 48000, 2),
        # For sound, that is RFC 2198; the "red" of video sections wraps ulpfec.
        _Format(RED, 48000, 2),
        # RFC 3551 section 4.5.2: 8000 by an old mistake; it samples at 16000.
        _Format("G722", 8000),
        _Format("PCMU", 8000),
        _Format("PCMA", 8000),
    ),
    MediaKind.VIDEO: tuple(
        _Format(name, _VIDEO_CLOCK) for name in ("VP8", "VP9", "H264", "H265", "AV1")
    ),
}

_SUPPORTED: Final = {
    kind: {(known.name.lower(), known.clock_rate, known.channels): known for known in formats}
    for kind, formats in _FORMATS.items()
}


def supported_names(kind: MediaKind) -> str:
    """Return the formats of `kind` in words, for an error message."""
    return ", ".join(known.name for known in _FORMATS[kind] if known.name != RED)


def parse_codecs(kind: MediaKind, line: MediaLine) -> tuple[Codec, ...]:
    """Return the formats that we pass through, in the order of the media line.

    Raises:
        SdpError: A payload type or an a=rtpmap line is malformed.
    """
    if len(line.formats) > MAX_FORMATS:
        raise SdpError(f"A section has more than {MAX_FORMATS} payload types")
    listed = dict.fromkeys(parse_number(text, 127, "a payload type") for text in line.formats)
    mappings = _mappings(line.attributes)
    parameters = _parameters(line.attributes)
    feedback = _feedback(line.attributes)
    rtx = _rtx(listed, mappings, parameters)
    codecs = []
    for payload_type in listed:
        known = _known(kind, mappings.get(payload_type))
        if known and payload_type not in _RTCP_RANGE:
            codecs.append(
                Codec(
                    payload_type=PayloadType(payload_type),
                    name=known.name,
                    clock_rate=known.clock_rate,
                    channels=known.channels,
                    parameters=parameters.get(payload_type, ()),
                    feedback=tuple(
                        dict.fromkeys(
                            [*feedback.get(str(payload_type), ()), *feedback.get("*", ())]
                        )
                    ),
                    rtx_payload_type=rtx.get(payload_type),
                )
            )
    return tuple(codec for codec in codecs if codec.name != RED or _is_usable_red(codec, codecs))


def _mappings(attributes: Attributes) -> dict[int, str]:
    mappings = dict(_STATIC)
    for line in attributes.all("rtpmap"):
        digits, _, encoding = line.partition(" ")
        if not encoding:
            raise SdpError(f"a=rtpmap names no format: {shown(line)}")
        mappings[parse_number(digits, 127, "a payload type")] = encoding
    return mappings


def _known(kind: MediaKind, encoding: str | None) -> _Format | None:
    """Return the format of an rtpmap such as "OPUS/48000/2" or "G722/8000/1", if it is ours."""
    name, *numbers = (encoding or "").split("/")
    numbers = [*numbers, "1"][:2]
    if len(numbers) < 2 or not all(text.isascii() and text.isdigit() for text in numbers):
        return None
    if any(len(text) > 6 for text in numbers):
        return None
    clock_rate, channels = (int(text) for text in numbers)
    return _SUPPORTED[kind].get((name.lower(), clock_rate, channels))


def _parameters(attributes: Attributes) -> dict[int, tuple[tuple[str, str], ...]]:
    """Return the fmtp lines by payload type; those of types that nothing maps do no harm."""
    parameters: dict[int, tuple[tuple[str, str], ...]] = {}
    for line in attributes.all("fmtp"):
        digits, _, text = line.partition(" ")
        pairs = (part.strip().partition("=") for part in text.split(";") if part.strip())
        parameters[parse_number(digits, 127, "a payload type")] = tuple(
            (name.strip(), value.strip()) for name, _, value in pairs
        )
    return parameters


def _feedback(attributes: Attributes) -> dict[str, list[str]]:
    """Return the entries of a=rtcp-fb by payload type as written, "*" standing for all."""
    lines = attributes.all("rtcp-fb")
    if len(lines) > MAX_FEEDBACK:
        raise SdpError(f"A section has more than {MAX_FEEDBACK} feedback lines")
    feedback: dict[str, list[str]] = {}
    for line in lines:
        payload_type, *words = line.split() or [""]
        feedback.setdefault(payload_type, []).append(" ".join(words).lower())
    return feedback


def _rtx(
    listed: dict[int, None],
    mappings: dict[int, str],
    parameters: dict[int, tuple[tuple[str, str], ...]],
) -> dict[int, PayloadType]:
    """Return the payload type of retransmissions by the payload type they repeat (RFC 4588)."""
    rtx: dict[int, PayloadType] = {}
    for payload_type in listed:
        name = mappings.get(payload_type, "").partition("/")[0].lower()
        apt = dict(parameters.get(payload_type, ())).get("apt", "")
        if name == _RTX and payload_type not in _RTCP_RANGE and apt:
            rtx[parse_number(apt, 127, "a payload type")] = PayloadType(payload_type)
    return rtx


def _is_usable_red(red: Codec, codecs: list[Codec]) -> bool:
    """Return whether all that `red` wraps is the opus of the same section (RFC 2198 section 5)."""
    opus = {str(codec.payload_type) for codec in codecs if codec.name == "opus"}
    wrapped = {text for name, _ in red.parameters[:1] for text in name.split("/")}
    return bool(wrapped) and wrapped <= opus
