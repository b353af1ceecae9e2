"""The server's part in simulated time: a room whose media and RTCP go to whoever they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.types import Ssrc
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.egress import datagrams
from tests.support.network import Clock

if TYPE_CHECKING:
    from liverelay.sdp.parameters import ReceiveParameters, SendParameters
    from liverelay.sfu.probe import ProbeSlots
    from liverelay.sfu.subscription import Subscription

LOCAL_SSRC = Ssrc(0xF00D)


class Remote(Protocol):
    """A peer as the server has it: somebody to send to."""

    @property
    def session_id(self) -> SessionId: ...
    def take_rtp(self, packet: bytes) -> None: ...
    def take_rtcp(self, data: bytes) -> None: ...


class SimulatedServer:
    """What the real server does around a room, without its sockets."""

    def __init__(self, probe_slots: ProbeSlots | None = None) -> None:
        self.clock = Clock()
        self.room = RoomMedia(LOCAL_SSRC, "server", probe_slots=probe_slots)
        self._remotes: dict[SessionId, Remote] = {}
        # By the number that the egress knows them by.
        self._targets: list[Remote] = []

    def run(self, seconds: float) -> None:
        self.clock.run_until(self.clock.now + seconds)

    def add_publications(self, remote: Remote, *sections: ReceiveParameters) -> None:
        self._remotes[remote.session_id] = remote
        for parameters in sections:
            self.room.add_publication(
                PublicationId(f"{remote.session_id}/{parameters.kind.value}"),
                remote.session_id,
                PeerId(remote.session_id),
                parameters,
                self.clock.now,
            )

    def remove_publications(self, remote: Remote, *kinds: str) -> None:
        """Remove sound and picture, or what is named."""
        del self._remotes[remote.session_id]
        for kind in kinds or ("video", "audio"):
            self.room.remove_publication(
                PublicationId(f"{remote.session_id}/{kind}"), self.clock.now
            )
        self.settle()

    def add_subscriptions(
        self, remote: Remote, peer: str, *sections: SendParameters, is_tried: bool = False
    ) -> list[Subscription]:
        """Let a viewer in; `is_tried`: its path is known, so that it begins with the best."""
        if is_tried:
            self.room._session(remote.session_id).congestion._is_tried = True
        self._remotes[remote.session_id] = remote
        self._targets.append(remote)
        subscriptions = [
            self.room.add_subscription(
                remote.session_id,
                PeerId(peer),
                parameters,
                len(self._targets) - 1,
                self.clock.now,
            )
            for parameters in sections
        ]
        self.settle()
        return subscriptions

    def remove_subscriptions(self, remote: Remote, subscriptions: list[Subscription]) -> None:
        del self._remotes[remote.session_id]
        for subscription in subscriptions:
            self.room.remove_subscription(subscription)
        self.settle()

    def take(self, session_id: SessionId, datagram: bytes) -> None:
        """Receive RTP or RTCP."""
        is_rtcp = classify(datagram) is DatagramKind.RTCP
        receive = self.on_rtcp if is_rtcp else self.on_rtp
        receive(session_id, datagram)

    def on_rtp(self, session_id: SessionId, packet: bytes) -> None:
        self.room.on_rtp(session_id, packet, self.clock.now)
        self.settle()

    def on_rtcp(self, session_id: SessionId, data: bytes) -> None:
        self.room.on_rtcp(session_id, data, self.clock.now)
        self.settle()

    def settle(self) -> None:
        """Do what the server does after each burst."""
        for target, packet in datagrams(self.room.flush(self.clock.now)):
            self._targets[target].take_rtp(packet)
        for command in self.room.take_commands():
            self._remotes[command.session_id].take_rtcp(command.data)
        deadline = self.room.deadline()
        if deadline is not None:
            self.clock.at(deadline, self._on_deadline)

    def _on_deadline(self) -> None:
        deadline = self.room.deadline()
        # One that has been met meanwhile asks for nothing; each settling schedules its own.
        if deadline is not None and deadline <= self.clock.now:
            self.room.handle_timeout(self.clock.now)
            self.settle()
