"""Why datagrams were dropped and sessions ended: plain numbers for metrics and the dashboard.

Each reason is also the label an operator reads, so its value is part of the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DropReason(StrEnum):
    """Why an inbound datagram went no further."""

    EMPTY = "empty"
    UNKNOWN_KIND = "unknown_kind"
    STUN_MALFORMED = "stun_malformed"
    STUN_UNEXPECTED = "stun_unexpected"
    STUN_UNAUTHENTICATED = "stun_unauthenticated"
    STUN_UNKNOWN_UFRAG = "stun_unknown_ufrag"
    STUN_WRONG_INTEGRITY = "stun_wrong_integrity"
    STUN_ROLE_CONFLICT = "stun_role_conflict"
    STUN_ADDRESS_IN_USE = "stun_address_in_use"
    DTLS_MALFORMED = "dtls_malformed"
    DTLS_STRANGER = "dtls_stranger"
    DTLS_OVERFLOW = "dtls_overflow"
    SRTP_STRANGER = "srtp_stranger"
    SRTP_EARLY = "srtp_early"
    SRTP_OVERSIZE = "srtp_oversize"
    SRTP_MALFORMED = "srtp_malformed"
    SRTP_UNAUTHENTICATED = "srtp_unauthenticated"
    SRTP_REPLAYED = "srtp_replayed"
    SRTP_TOO_MANY_SSRCS = "srtp_too_many_ssrcs"


class CloseReason(StrEnum):
    """Why a session ended."""

    LOCAL = "local"
    PEER = "peer"
    NO_CHECK = "no_check"
    CONSENT_EXPIRED = "consent_expired"
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    HANDSHAKE_FAILED = "handshake_failed"
    WRONG_FINGERPRINT = "wrong_fingerprint"
    NO_SRTP_PROFILE = "no_srtp_profile"


@dataclass(slots=True)
class TransportCounters:
    """Everything the transport counts since the start of the process.

    `unsent_full` are packets that met a full socket buffer, `unsent_failed` those that the kernel
    or libsrtp refused, `unsent_unready` those for viewers that have no keys or no address yet.
    `retired` are handshakes whose OpenSSL connection has been let go of.
    """

    dropped: dict[DropReason, int] = field(default_factory=lambda: dict.fromkeys(DropReason, 0))
    closed: dict[CloseReason, int] = field(default_factory=lambda: dict.fromkeys(CloseReason, 0))
    connected: int = 0
    retired: int = 0
    sent: int = 0
    sent_octets: int = 0
    unsent_full: int = 0
    unsent_failed: int = 0
    unsent_unready: int = 0

    @property
    def releases(self) -> int:
        """How often the memory of an OpenSSL connection has been let go of."""
        return self.retired + sum(self.closed.values())

    def drop(self, reason: DropReason) -> None:
        self.dropped[reason] += 1
