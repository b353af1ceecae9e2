"""Telling apart the protocols that share one UDP port (RFC 7983, and RFC 5761 for RTCP).

The first byte is enough for all but RTCP, which looks like RTP with a payload type of 64 to 95 and
is told from it by the second byte. Whatever has no such byte is nobody's.
"""

from __future__ import annotations

from enum import Enum


class DatagramKind(Enum):
    """The protocol a datagram claims to speak; nothing in it has been verified."""

    STUN = "stun"
    DTLS = "dtls"
    RTP = "rtp"
    RTCP = "rtcp"
    UNKNOWN = "unknown"


def _kind_of_first_byte(first_byte: int) -> DatagramKind:
    if first_byte <= 3:
        return DatagramKind.STUN
    if 20 <= first_byte <= 63:
        return DatagramKind.DTLS
    if 128 <= first_byte <= 191:
        return DatagramKind.RTP
    return DatagramKind.UNKNOWN


# A table, because this is asked once for every datagram of every peer.
_KINDS = tuple(_kind_of_first_byte(first_byte) for first_byte in range(256))


def classify(datagram: bytes) -> DatagramKind:
    """Return what `datagram` claims to be; one of fewer than two bytes is UNKNOWN."""
    if len(datagram) < 2:
        return DatagramKind.UNKNOWN
    kind = _KINDS[datagram[0]]
    if kind is DatagramKind.RTP and 192 <= datagram[1] <= 223:
        return DatagramKind.RTCP
    return kind
