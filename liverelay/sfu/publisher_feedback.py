"""What publishers are told of their media, and when: all RTCP that goes to them.

Reports on what arrived, requests for what did not, and requests for keyframes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sfu import reports
from liverelay.sfu.commands import SendRtcp
from liverelay.sfu.deadlines import SOON, DeadlineQueue, earliest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.session import MediaSession


class PublisherFeedback:
    """Adds what is due to `commands`; to be told of each burst, and of what is no longer there."""

    def __init__(self, local_ssrc: Ssrc, cname: str, commands: list[SendRtcp]) -> None:
        self._local_ssrc = local_ssrc
        self._cname = cname
        self._commands = commands
        self._receiver_reports: DeadlineQueue[MediaSession] = DeadlineQueue()
        self._congestion_feedback: DeadlineQueue[MediaSession] = DeadlineQueue()
        self._keyframe_requests: DeadlineQueue[Encoding] = DeadlineQueue()
        self._nacks: DeadlineQueue[Encoding] = DeadlineQueue()

    def add_session(self, session: MediaSession, now: float) -> None:
        """Begin to report to a session, unless that has begun."""
        if session not in self._receiver_reports:
            self._receiver_reports.set(session, now + reports.RECEIVER_REPORT_INTERVAL)

    def remove_session(self, session: MediaSession) -> None:
        self._receiver_reports.discard(session)
        self._congestion_feedback.discard(session)

    def remove_encoding(self, encoding: Encoding) -> None:
        self._keyframe_requests.discard(encoding)
        self._nacks.discard(encoding)

    def on_burst(
        self, encodings: Iterable[Encoding], sessions: Iterable[MediaSession], now: float
    ) -> None:
        """See what the packets of a burst, which have been handed to the viewers, call for."""
        for encoding in encodings:
            if encoding.needs_keyframe and encoding.keyframe_deadline() is None:
                self.request_keyframe(encoding, now)
            self._watch_nack_deadline(encoding)
        for session in sessions:
            if session.owes_feedback and session not in self._congestion_feedback:
                self._congestion_feedback.set(session, now + session.feedback_interval)
        self._send_reports(now + SOON, now)

    def request_keyframe(self, encoding: Encoding, now: float) -> None:
        """Ask for a keyframe now, or when the encoding's throttle allows it."""
        if encoding.requests_keyframe(now):
            self._send_keyframe_request(encoding)
        self._watch_keyframe_deadline(encoding)

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called."""
        return earliest(
            self._receiver_reports.next(),
            self._congestion_feedback.next(),
            self._keyframe_requests.next(),
            self._nacks.next(),
        )

    def handle_timeout(self, now: float) -> None:
        """Send what is due."""
        self._send_reports(now, now)
        for encoding in self._keyframe_requests.take_due(now):
            if encoding.handle_keyframe_timeout(now):
                self._send_keyframe_request(encoding)
            self._watch_keyframe_deadline(encoding)
        for encoding in self._nacks.take_due(now):
            self._send_nack(encoding, now)

    def _send_reports(self, deadline: float, now: float) -> None:
        for session in self._receiver_reports.take_due(deadline):
            self._send_receiver_report(session, now)
        for session in self._congestion_feedback.take_due(deadline):
            self._send_congestion_feedback(session, now)

    def _send_receiver_report(self, session: MediaSession, now: float) -> None:
        if blocks := session.report_blocks(now):
            data = reports.receiver_report(self._local_ssrc, self._cname, blocks)
            self._commands.append(SendRtcp(session.session_id, data))
        self._receiver_reports.set(session, now + reports.RECEIVER_REPORT_INTERVAL)

    def _send_congestion_feedback(self, session: MediaSession, now: float) -> None:
        for message in session.take_congestion_feedback(self._local_ssrc, now):
            data = reports.feedback(self._local_ssrc, message)
            self._commands.append(SendRtcp(session.session_id, data))

    def _send_keyframe_request(self, encoding: Encoding) -> None:
        media_ssrc = encoding.feed.ssrc
        if encoding.understands_pli:
            data = reports.keyframe_request(self._local_ssrc, media_ssrc)
        else:
            count = encoding.keyframe_requests_sent
            data = reports.intra_request(self._local_ssrc, media_ssrc, count)
        self._commands.append(SendRtcp(encoding.session_id, data))

    def _watch_keyframe_deadline(self, encoding: Encoding) -> None:
        if (deadline := encoding.keyframe_deadline()) is not None:
            self._keyframe_requests.set(encoding, deadline)

    def _send_nack(self, encoding: Encoding, now: float) -> None:
        """Ask for what a publisher's stream misses, or for a keyframe when that was in vain."""
        stream = encoding.feed
        if stream.nacks is None or not encoding.is_watched:
            return
        if lost := stream.nacks.take_lost(now):
            encoding.nacks_sent += 1
            data = reports.nack(self._local_ssrc, stream.ssrc, lost)
            self._commands.append(SendRtcp(encoding.session_id, data))
        if stream.nacks.take_gave_up() and encoding.needs_keyframe:
            self.request_keyframe(encoding, now)
        self._watch_nack_deadline(encoding)

    def _watch_nack_deadline(self, encoding: Encoding) -> None:
        nacks = encoding.feed.nacks
        if nacks is None:
            return
        if not encoding.is_watched:
            nacks.forget_missing()
        elif (deadline := nacks.deadline()) is not None:
            self._nacks.set(encoding, deadline)
