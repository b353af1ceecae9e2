"""A late joiner gets a picture, whatever is lost on the way to it, and of the asking for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tests.support.network import Conditions, Path
from tests.support.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.support.simulation.viewer import SimulatedViewer

# Packets of media come by the hundred a second, messages back by the ten.
MEDIA = st.lists(st.booleans(), max_size=120)
MESSAGES = st.lists(st.booleans(), max_size=12)
# Fewer where only the server asks: it does so after 0, 1, 3, 7 and 15 seconds.
REQUESTS = st.lists(st.booleans(), max_size=4)
LONGEST_WAIT = 17.0


class ScriptedPath(Path):
    """Loses what its script says, and nothing after its end."""

    def __init__(self, script: list[bool]) -> None:
        super().__init__(Conditions(delay=0.02))
        self._script = iter(script)

    @override
    def _is_lost(self) -> bool:
        return next(self._script, False)


def wait_for_picture(scene: Scene, viewer: SimulatedViewer) -> float:
    """Return how long it takes until the viewer has half a second of video without a pause."""
    joined_at = scene.clock.now
    while scene.clock.now < joined_at + LONGEST_WAIT:
        scene.run(0.5)
        now = scene.clock.now
        if max(viewer.judge.pauses(now - 0.5, now)) < 0.2:
            return now - joined_at
    return LONGEST_WAIT


@settings(max_examples=40)
@example([True] * 120, [True] * 12, [True] * 120, [True] * 12)
@example([False] * 6 + [True] + [False] * 10, [], [], [])
@given(MEDIA, MESSAGES, MEDIA, MESSAGES)
def test_late_joiner_gets_a_picture_after_any_losses(
    media: list[bool], requests: list[bool], forwarded: list[bool], messages: list[bool]
) -> None:
    scene = Scene()
    scene.run(1.0)
    scene.camera.up.path = ScriptedPath(media)
    scene.camera.down.path = ScriptedPath(requests)
    viewer = scene.watch()
    viewer.down.path = ScriptedPath(forwarded)
    viewer.up.path = ScriptedPath(messages)

    assert wait_for_picture(scene, viewer) < LONGEST_WAIT
    assert viewer.judge.faults == []


@settings(max_examples=40)
@example([True] * 120, [True] * 4)
@example([False] * 6 + [True] + [False] * 10, [])
@given(MEDIA, REQUESTS)
def test_late_joiner_that_is_never_heard_gets_a_picture_after_any_loss_of_the_publisher(
    media: list[bool], requests: list[bool]
) -> None:
    scene = Scene()
    scene.run(1.0)
    scene.camera.up.path = ScriptedPath(media)
    scene.camera.down.path = ScriptedPath(requests)
    viewer = scene.watch()
    viewer.up.path.conditions = Conditions(loss=1.0)

    assert wait_for_picture(scene, viewer) < LONGEST_WAIT
    assert viewer.judge.faults == []
