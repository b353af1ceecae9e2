"""What viewers are told of the media they get, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sfu import reports
from liverelay.sfu.commands import SendRtcp
from liverelay.sfu.deadlines import SOON, DeadlineQueue

if TYPE_CHECKING:
    from liverelay.sfu.subscription import Subscription

# Written at a time, before packets get their turn: a millisecond's work.
_MAX_REPORTS = 32
# Those that are due so soon are sent together: many at once cost half as much as one by one.
_TOGETHER = 0.1


class SenderReports:
    """Adds what is due to `commands`; each viewer's come at times of their own."""

    def __init__(self, commands: list[SendRtcp]) -> None:
        self._commands = commands
        self._due: DeadlineQueue[Subscription] = DeadlineQueue()

    def begin(self, subscription: Subscription, now: float) -> None:
        """Report as soon as there is something to report, and then again and again."""
        self._due.set(subscription, now)

    def end(self, subscription: Subscription) -> None:
        self._due.discard(subscription)

    def on_burst(self, now: float) -> None:
        """Send what is due soon, since media is sent anyway."""
        self._send_until(now + SOON, now)

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called."""
        return self._due.next()

    def handle_timeout(self, now: float) -> None:
        """Send what is due."""
        self._send_until(now, now)

    def _send_until(self, deadline: float, now: float) -> None:
        first = self._due.next()
        if first is not None and first <= deadline:
            for subscription in self._due.take_due(first + _TOGETHER, most=_MAX_REPORTS):
                self._send(subscription, now)

    def _send(self, subscription: Subscription, now: float) -> None:
        data = reports.sender_report(subscription, now)
        if data is not None:
            self._commands.append(SendRtcp(subscription.session_id, data))
            again = now + reports.sender_report_interval(subscription.ssrc)
            self._due.set(subscription, again)
