"""Offers of a publisher and of a viewer, as small as they work everywhere, and reading answers."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import RemoteError
from liverelay.loadtest.source import AUDIO_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE
from liverelay.rtp.extensions import ABS_SEND_TIME_URI, MID_URI, TRANSPORT_CC_URI
from liverelay.sdp.description import split_description
from liverelay.transport.client import RemoteEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liverelay.loadtest.source import MediaSource
    from liverelay.sdp.description import Attributes
    from liverelay.transport.client import MediaClient
    from liverelay.transport.types import Address

_EXTENSIONS = {MID_URI: 1, ABS_SEND_TIME_URI: 2, TRANSPORT_CC_URI: 3}

_CODECS = {
    "audio": (
        f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_PAYLOAD_TYPE}",
        f"a=rtpmap:{AUDIO_PAYLOAD_TYPE} opus/48000/2",
        f"a=fmtp:{AUDIO_PAYLOAD_TYPE} minptime=10;useinbandfec=1",
        f"a=rtcp-fb:{AUDIO_PAYLOAD_TYPE} transport-cc",
    ),
    "video": (
        f"m=video 9 UDP/TLS/RTP/SAVPF {VIDEO_PAYLOAD_TYPE} {RTX_PAYLOAD_TYPE}",
        f"a=rtpmap:{VIDEO_PAYLOAD_TYPE} VP8/90000",
        *(
            f"a=rtcp-fb:{VIDEO_PAYLOAD_TYPE} {feedback}"
            for feedback in ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
        ),
        f"a=rtpmap:{RTX_PAYLOAD_TYPE} rtx/90000",
        f"a=fmtp:{RTX_PAYLOAD_TYPE} apt={VIDEO_PAYLOAD_TYPE}",
    ),
}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What an answer says: where the server is, our DTLS role, and its extension numbers."""

    remote: RemoteEndpoint
    setup: str
    extension_ids: Mapping[str, int]


def publish_offer(client: MediaClient, source: MediaSource) -> str:
    """Return an offer to send what `source` makes."""
    video, rtx = source.video_ssrc, source.rtx_ssrc
    streams = {
        "audio": _named(source.audio_ssrc),
        "video": [f"a=ssrc-group:FID {video} {rtx}", *_named(video), *_named(rtx)],
    }
    return _offer(client, "sendonly", streams)


def watch_offer(client: MediaClient) -> str:
    """Return an offer to receive audio and video."""
    return _offer(client, "recvonly", {"audio": [], "video": []})


def connection_lines(client: MediaClient, setup: str) -> list[str]:
    """Return what a section says of our end of the connection."""
    algorithm, value = client.identity.fingerprint()
    lines = [
        f"a=ice-ufrag:{client.ufrag}",
        f"a=ice-pwd:{client.pwd}",
        f"a=fingerprint:{algorithm} {value}",
        f"a=setup:{setup}",
    ]
    # A lite server needs no candidate of ours, and a socket bound to no address has none to say.
    if client.ip is not None:
        host, port = client.address
        lines += [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", "a=end-of-candidates"]
    return lines


def read_answer(sdp: str) -> Negotiated:
    """Return what a server's answer (or offer) says of it.

    Raises:
        RemoteError: It lacks something that a connection needs.
    """
    sections = [section for section in split_description(sdp).sections if section.port]
    session = split_description(sdp).attributes
    if not sections:
        raise RemoteError("the server accepted no media")
    first = sections[0].attributes
    ufrag, pwd = _either(first, session, "ice-ufrag"), _either(first, session, "ice-pwd")
    addresses = _addresses(first.all("candidate"))
    if ufrag is None or pwd is None or not addresses:
        raise RemoteError("the server's answer has no ICE credentials or no usable candidate")
    fingerprints = first.all("fingerprint") or session.all("fingerprint")
    theirs = _either(first, session, "setup")
    extensions = [entry for each in sections for entry in each.attributes.all("extmap")]
    return Negotiated(
        RemoteEndpoint(addresses, ufrag, pwd, _sha2(fingerprints)),
        "passive" if theirs == "active" else "active",
        {entry.split()[1]: int(entry.split()[0].partition("/")[0]) for entry in extensions},
    )


def _offer(client: MediaClient, direction: str, streams: Mapping[str, Sequence[str]]) -> str:
    lines = [
        "v=0",
        f"o=- {secrets.randbits(60)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(str(i) for i in range(len(streams)))}",
        "a=msid-semantic: WMS load",
    ]
    for i, (kind, ssrc_lines) in enumerate(streams.items()):
        media_line, *codec_lines = _CODECS[kind]
        lines += [media_line, "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
        lines += connection_lines(client, "actpass")
        lines += [f"a=mid:{i}", *(f"a=extmap:{n} {uri}" for uri, n in _EXTENSIONS.items())]
        lines += [f"a={direction}", "a=rtcp-mux", "a=rtcp-rsize"]
        if ssrc_lines:
            lines.append(f"a=msid:load {kind}0")
        lines += [*codec_lines, *ssrc_lines]
    return "\r\n".join([*lines, ""])


def _named(ssrc: int) -> list[str]:
    return [f"a=ssrc:{ssrc} cname:load"]


def _either(section: Attributes, session: Attributes, name: str) -> str | None:
    return section.first(name) or session.first(name)


def _sha2(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = [line.split() for line in lines]
    return tuple(
        (pair[0].lower(), pair[1].upper())
        for pair in pairs
        if len(pair) == 2 and pair[0].lower() in ("sha-256", "sha-384", "sha-512")
    )


def _addresses(candidates: Sequence[str]) -> tuple[Address, ...]:
    """Return the UDP candidates, best first."""
    found: list[tuple[int, str, int]] = []
    for candidate in candidates:
        fields = candidate.split()
        if len(fields) < 8 or fields[1] != "1" or fields[2].lower() != "udp":
            continue
        try:
            ipaddress.ip_address(fields[4])
            found.append((int(fields[3]), fields[4], int(fields[5])))
        except ValueError:  # an mDNS name
            continue
    return tuple((host, port) for _, host, port in sorted(found, reverse=True))
