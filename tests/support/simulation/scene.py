"""A camera, a server and viewers, each behind a network of its own, and how they fared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tests.support.network import Conditions
from tests.support.simulation.camera import ONE_ENCODING, Camera
from tests.support.simulation.estimating import (
    AcknowledgingViewer,
    EstimatingViewer,
    ReportingViewer,
)
from tests.support.simulation.server import SimulatedServer
from tests.support.simulation.viewer import SimulatedViewer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.sfu.probe import ProbeSlots
    from liverelay.sfu.subscription import Subscription
    from liverelay.sfu.types import SessionId
    from tests.support.simulation.encoder import Shape
    from tests.support.simulation.frames import Mark


class Scene(SimulatedServer):
    """One camera and those who watch it; the same seed makes the same run."""

    def __init__(
        self,
        conditions: Conditions | None = None,
        *,
        shapes: Sequence[Shape] = ONE_ENCODING,
        temporal_layers: int = 1,
        seed: int = 1,
        probe_slots: ProbeSlots | None = None,
    ) -> None:
        super().__init__(probe_slots)
        self._seed = seed * 1_000
        self.camera = Camera(self, conditions or Conditions(), shapes, temporal_layers, self._seed)
        self.viewers: list[SimulatedViewer] = []
        # Every packet of the camera's video that the server has got, at first or again.
        self.received: set[Mark] = set()
        self.add_publications(self.camera, *self.camera.parameters())
        self.camera.start()

    @override
    def take(self, session_id: SessionId, datagram: bytes) -> None:
        if session_id == self.camera.session_id:
            mark = self.camera.mark_of(datagram)
            if mark is not None:
                self.received.add(mark)
        super().take(session_id, datagram)

    def watch(self, conditions: Conditions | None = None) -> SimulatedViewer:
        viewer = SimulatedViewer(self, self._name(), conditions or Conditions(), self._next_seed())
        self._admit(viewer)
        return viewer

    def report(
        self, conditions: Conditions | None = None, *, has_rtx: bool = True
    ) -> ReportingViewer:
        """Return a viewer that watches, and says no more of its path than all receivers do."""
        viewer = ReportingViewer(
            self, self._name(), conditions or Conditions(), self._next_seed(), has_rtx=has_rtx
        )
        viewer.video, _ = self._admit(viewer)
        return viewer

    def estimate(
        self, conditions: Conditions | None = None, *, has_rtx: bool = True
    ) -> EstimatingViewer:
        """Return a viewer that watches, and says what its path carries."""
        viewer = EstimatingViewer(
            self, self._name(), conditions or Conditions(), self._next_seed(), has_rtx=has_rtx
        )
        viewer.video, _ = self._admit(viewer)
        return viewer

    def acknowledge(
        self, conditions: Conditions | None = None, *, has_rtx: bool = True
    ) -> AcknowledgingViewer:
        """Return a viewer that watches, and says when each packet came."""
        viewer = AcknowledgingViewer(
            self, self._name(), conditions or Conditions(), self._next_seed(), has_rtx=has_rtx
        )
        viewer.video, _ = self._admit(viewer)
        return viewer

    def _name(self) -> str:
        return f"viewer {len(self.viewers)}"

    def _next_seed(self) -> int:
        return self._seed + 10 * (len(self.viewers) + 1)

    def _admit(self, viewer: SimulatedViewer) -> list[Subscription]:
        subscriptions = self.add_subscriptions(viewer, viewer.session_id, *viewer.parameters())
        self.viewers.append(viewer)
        viewer.start()
        return subscriptions
