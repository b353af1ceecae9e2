"""Why a packet from a peer went no further: a counter each, and nothing else happens."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TypeAlias


class DropReason(Enum):
    """The value is the reason's name in metrics."""

    UNKNOWN_SESSION = "unknown_session"
    MALFORMED_RTP = "malformed_rtp"
    MALFORMED_RTCP = "malformed_rtcp"
    UNKNOWN_SSRC = "unknown_ssrc"
    UNKNOWN_PAYLOAD_TYPE = "unknown_payload_type"
    DUPLICATE_OR_LATE = "duplicate_or_late"
    # These two are how libwebrtc probes the path, and no fault.
    EMPTY_RETRANSMISSION = "empty_retransmission"
    NEEDLESS_RETRANSMISSION = "needless_retransmission"
    # Of another stream than the one that it is said to repair.
    RETRANSMISSION_AHEAD = "retransmission_ahead"


DropCounters: TypeAlias = Counter[DropReason]
