"""How two ends reach and trust each other: ICE credentials, fingerprints, DTLS roles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from liverelay.errors import SdpError
from liverelay.sdp.description import shown

if TYPE_CHECKING:
    from liverelay.sdp.description import Attributes

# More hashes than exist; aiortc sends three.
MAX_FINGERPRINTS: Final = 8

# RFC 8839 section 5.4.
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PWD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")

# The hashes that bind a certificate (RFC 8122 section 5), with the bytes of each. SHA-1 and MD5
# are left out: certificates with equal ones can be made.
_HASH_SIZES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX_PAIRS: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*")


class Setup(Enum):
    """Who starts the DTLS handshake (RFC 8842): active is the client."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"

    def answered(self) -> Setup:
        """Return our role for a peer that offers this one.

        Passive whenever there is a choice: as client we would offer aiortc's ECDSA cipher suites
        only, which a peer with an RSA certificate (GStreamer) cannot take.
        """
        return Setup.ACTIVE if self is Setup.PASSIVE else Setup.PASSIVE


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """The user fragment and password of one end's ICE agent."""

    ufrag: str
    pwd: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's hash: the algorithm in lower case, the value as "AB:CD:…"."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address of ours that a peer may send to, over UDP."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RemoteConnection:
    """What a peer says of its end of the connection."""

    ice: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup


@dataclass(frozen=True, slots=True)
class ConnectionLines:
    """What the session or one section says of the connection; each part may be elsewhere."""

    ice: IceCredentials | None
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup | None

    def completed_by(self, fallback: ConnectionLines) -> ConnectionLines:
        return ConnectionLines(
            self.ice or fallback.ice,
            self.fingerprints or fallback.fingerprints,
            self.setup or fallback.setup,
        )

    def complete(self) -> RemoteConnection:
        """Return the connection.

        Raises:
            SdpError: A part is missing everywhere.
        """
        if self.ice is None:
            raise SdpError("The offer has no ICE credentials (a=ice-ufrag and a=ice-pwd)")
        if not self.fingerprints:
            known = ", ".join(_HASH_SIZES)
            raise SdpError(f"The offer has no a=fingerprint with one of {known}")
        # An offer without the line means active (RFC 4145 section 4).
        return RemoteConnection(self.ice, self.fingerprints, self.setup or Setup.ACTIVE)


def parse_connection(attributes: Attributes) -> ConnectionLines:
    """Return what the attributes say of the connection.

    Raises:
        SdpError: One of them is not as its RFC has it.
    """
    return ConnectionLines(
        _ice(attributes.first("ice-ufrag"), attributes.first("ice-pwd")),
        _fingerprints(attributes.all("fingerprint")),
        _setup(attributes.first("setup")),
    )


def _ice(ufrag: str | None, pwd: str | None) -> IceCredentials | None:
    if ufrag is None and pwd is None:
        return None
    if ufrag is None or pwd is None:
        missing = "a=ice-ufrag" if ufrag is None else "a=ice-pwd"
        raise SdpError(f"The offer has half of its ICE credentials: {missing} is missing")
    if not _UFRAG.fullmatch(ufrag):
        raise SdpError("a=ice-ufrag must be 4 to 256 letters, digits, + or / (RFC 8839)")
    if not _PWD.fullmatch(pwd):
        raise SdpError("a=ice-pwd must be 22 to 256 letters, digits, + or / (RFC 8839)")
    return IceCredentials(ufrag, pwd)


def _fingerprints(lines: tuple[str, ...]) -> tuple[Fingerprint, ...]:
    """Return the usable ones; a weak or unknown hash beside them is skipped."""
    if len(lines) > MAX_FINGERPRINTS:
        raise SdpError(f"A section has more than {MAX_FINGERPRINTS} fingerprints")
    fingerprints = []
    for line in lines:
        algorithm, _, value = line.partition(" ")
        size = _HASH_SIZES.get(algorithm.lower())
        if size is None:
            continue
        digits = value.strip().upper()
        if not _HEX_PAIRS.fullmatch(digits) or len(digits) != 3 * size - 1:
            raise SdpError(f"a=fingerprint is not {size} pairs of hex digits: {shown(line)}")
        fingerprints.append(Fingerprint(algorithm.lower(), digits))
    return tuple(fingerprints)


def _setup(value: str | None) -> Setup | None:
    if value is None:
        return None
    try:
        return Setup(value)
    except ValueError:
        raise SdpError(f"a=setup must be actpass, active or passive, not {shown(value)}") from None
