"""Saying what changes in rooms, wherever the change came from, to listeners and the webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.server.context import now

if TYPE_CHECKING:
    from liverelay.server.events import EventHub
    from liverelay.server.sessions import Session
    from liverelay.server.webhook import Webhook
    from liverelay.store.catalogue import Catalogue


class Announcer:
    """Turns what happens into events; a session of a call is a publisher and a subscriber.

    Joining is when a session has connected, leaving is when one that had connected ends.
    """

    def __init__(self, catalogue: Catalogue, events: EventHub, webhook: Webhook | None) -> None:
        self._catalogue = catalogue
        self._events = events
        self._webhook = webhook

    def rooms_changed(self) -> None:
        """Announce what the catalogue has seen come and go since the last call."""
        for room, exists in self._catalogue.take_changes():
            self._announce(
                "room.created" if exists else "room.deleted",
                {"room_id": room.room_id, "room_type": room.room_type.value},
            )

    def joined(self, session: Session) -> None:
        for role in _roles(session):
            self._announce(f"{role}.joined", _describe(session))

    def left(self, session: Session) -> None:
        """Announce the end of a session that had connected."""
        assert session.close_reason is not None
        about = {
            **_describe(session),
            "reason": session.close_reason.name.lower(),
            "age_secs": int(now() - session.opened_at),
        }
        for role in _roles(session):
            self._announce(f"{role}.left", about)

    def _announce(self, name: str, data: dict[str, object]) -> None:
        self._events.publish(name, data)
        if self._webhook is not None:
            self._webhook.post(name, data)


def _roles(session: Session) -> list[str]:
    return ["publisher"] * session.kind.sends + ["subscriber"] * session.kind.receives


def _describe(session: Session) -> dict[str, object]:
    return {
        "room_id": session.room_id,
        "peer_id": session.peer_id,
        "session_id": session.session_id,
        "kind": session.kind.value,
    }
