"""What happens in a room, for the pages of those who are in it.

A page learns less than a backend: who of its own room speaks, and nothing of other rooms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.server.events import Event, EventCounters, EventHub, Listener, encode

if TYPE_CHECKING:
    from liverelay.server.sessions import Session
    from liverelay.sfu.speakers import Speakers

SPEAKERS = "speakers"


class RoomEvents:
    """The listeners of each room that has any: one for each session, which ends with it."""

    def __init__(self, counters: EventCounters, *, max_listeners: int) -> None:
        self._counters = counters
        self._max_listeners = max_listeners
        self._hubs: dict[str, EventHub] = {}

    def listen(self, session: Session) -> Listener:
        """Return a new listener; the session's earlier one, if any, ends.

        Raises:
            RefusedError: `unavailable`: the room has as many listeners as it may.
        """
        hub = self._hubs.get(session.room_id)
        if hub is None:
            hub = EventHub(self._counters, max_listeners=self._max_listeners)
            self._hubs[session.room_id] = hub
        hub.dismiss({session.session_id})
        return hub.listen(session.session_id)

    def speakers_changed(self, room_id: str, speakers: Speakers) -> None:
        """Tell who speaks now; of a listener that is behind, it takes the place of the last."""
        if (hub := self._hubs.get(room_id)) is not None:
            hub.publish(SPEAKERS, describe(speakers), is_state=True)

    def session_ended(self, session: Session) -> None:
        if (hub := self._hubs.get(session.room_id)) is not None:
            hub.dismiss({session.session_id})

    def room_emptied(self, room_id: str) -> None:
        """Let go of a room without sessions."""
        self._hubs.pop(room_id, None)


def describe(speakers: Speakers) -> dict[str, object]:
    """Return who speaks, in the form of the HTTP API."""
    return {
        "speaking": [speaker._asdict() for speaker in speakers.speaking()],
        "dominant": speakers.dominant,
    }


def first_event(speakers: Speakers) -> Event:
    """Return what a new listener is told at once."""
    return encode(SPEAKERS, describe(speakers), is_state=True)
