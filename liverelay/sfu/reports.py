"""The compound RTCP packets that the server sends.

Each begins with a report, as RFC 3550 section 6.1 demands of those who have not agreed to less;
GStreamer drops a compound that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.rtcp.feedback import (
    FullIntraRequest,
    GenericNack,
    IntraCommand,
    PictureLossIndication,
)
from liverelay.rtp.rtcp.reports import (
    CanonicalName,
    ReceiverReport,
    SenderReport,
    SourceDescription,
)
from liverelay.rtp.rtcp.wire import MAX_COUNT
from liverelay.sfu.clock import ntp_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.rtp.rtcp.reports import ReportBlock
    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.subscription import Subscription

# Viewers need two of these before they can play sound and picture in step, and one more for each
# change of publisher. Of 400 viewers' two streams this makes 400 small packets a second.
_SENDER_REPORT_INTERVAL = 2.0
# Viewers who began with one keyframe would get theirs at one moment for ever (RFC 3550 section
# 6.3.1 demands a spread; here it follows from the SSRC, which is random).
_SENDER_REPORT_SPREAD = 0.5
# As often as libwebrtc reports video; Chromium's loss-based control listens to it.
RECEIVER_REPORT_INTERVAL = 1.0


def sender_report_interval(ssrc: Ssrc) -> float:
    """Return how long after a sender report of this stream the next one is sent."""
    return _SENDER_REPORT_INTERVAL + _SENDER_REPORT_SPREAD * (ssrc / (1 << 31) - 1)


def sender_report(subscription: Subscription, now: float) -> bytes | None:
    """Return a report on the publisher's line between NTP and RTP time, moved on to `now`.

    Both clocks advance by the same time since the publisher's report, so sound and picture stay
    as the publisher aligned them; NTP times are the server's, whoever publishes. None as long as
    the publisher has not reported.
    """
    encoding = subscription.encoding
    if encoding is None or not subscription.is_started:
        return None
    theirs = encoding.feed.last_sender_report
    if theirs is None:
        return None
    elapsed = now - theirs.received_at
    ntp_time = (theirs.server_ntp_time + ntp_units(elapsed)) & 0xFFFFFFFFFFFFFFFF
    ticks = round(elapsed * encoding.clock_rate)
    report = SenderReport(
        ssrc=subscription.ssrc,
        ntp_time=ntp_time,
        rtp_timestamp=(theirs.rtp_timestamp + ticks + subscription.timestamp_offset) & 0xFFFFFFFF,
        packet_count=subscription.packets_sent,
        octet_count=subscription.octets_sent,
    )
    subscription.on_sender_report_sent(ntp_time, now)
    return report.serialize() + _description(subscription.ssrc, subscription.parameters.cname)


def receiver_report(local_ssrc: Ssrc, cname: str, blocks: Sequence[ReportBlock]) -> bytes:
    """Return a report on as many streams as fit into one."""
    report = ReceiverReport(local_ssrc, tuple(blocks[:MAX_COUNT]))
    return report.serialize() + _description(local_ssrc, cname)


def keyframe_request(local_ssrc: Ssrc, media_ssrc: Ssrc) -> bytes:
    return feedback(local_ssrc, PictureLossIndication(local_ssrc, media_ssrc).serialize())


def intra_request(local_ssrc: Ssrc, media_ssrc: Ssrc, count: int) -> bytes:
    """Ask for a keyframe by FIR, for the `count`th time.

    Each time as a new command: of the last one the keyframe may have come, and been lost.
    """
    command = IntraCommand(media_ssrc, count & 0xFF)
    return feedback(local_ssrc, FullIntraRequest(local_ssrc, (command,)).serialize())


def nack(local_ssrc: Ssrc, media_ssrc: Ssrc, lost: Sequence[int]) -> bytes:
    """Ask for the packets of the extended sequence numbers in `lost`."""
    numbers = tuple(number & 0xFFFF for number in lost)
    return feedback(local_ssrc, GenericNack(local_ssrc, media_ssrc, numbers).serialize())


def feedback(local_ssrc: Ssrc, message: bytes) -> bytes:
    """Return one feedback message behind the shortest report there is."""
    return ReceiverReport(local_ssrc).serialize() + message


def _description(ssrc: Ssrc, cname: str) -> bytes:
    return SourceDescription((CanonicalName(ssrc, cname),)).serialize()
