from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sfu.viewer_limit import UNLIMITED_BPS, ViewerLimit
from tests.support.parameters import published_audio, published_video, watched_audio
from tests.support.sfu import publication, subscription

if TYPE_CHECKING:
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.subscription import Subscription


def watched(*available: float | None) -> tuple[Publication, list[Subscription]]:
    """Return a publication, and viewers of it whose paths have room for so much."""
    target = publication()
    viewers = [subscription(name=f"viewer {index}") for index in range(len(available))]
    for viewer, available_bps in zip(viewers, available, strict=True):
        target.attach(viewer)
        viewer.available_bps = available_bps
    return target, viewers


def test_publisher_that_nobody_watches_is_told_nothing() -> None:
    assert ViewerLimit().take([publication()], 10.0) is None


def test_publisher_is_told_what_its_best_viewer_can_take() -> None:
    target, _ = watched(300_000, 500_000)

    assert ViewerLimit().take([target], 10.0) == 0.85 * 500_000 + 64_000


def test_publisher_is_told_nothing_if_one_viewer_can_take_all() -> None:
    target, _ = watched(300_000, None)

    assert ViewerLimit().take([target], 10.0) is None


def test_no_picture_is_worth_less_than_the_least() -> None:
    target, _ = watched(20_000)

    assert ViewerLimit().take([target], 10.0) == 164_000


def test_publisher_of_several_encodings_is_told_nothing() -> None:
    target = publication(published_video(ssrcs=(1, 2)))
    viewer = subscription()
    target.attach(viewer)
    viewer.available_bps = 300_000

    assert ViewerLimit().take([target], 10.0) is None


def test_sound_is_never_limited() -> None:
    target = publication(published_audio())
    viewer = subscription(watched_audio())
    target.attach(viewer)
    viewer.available_bps = 300_000

    assert ViewerLimit().take([target], 10.0) is None


def test_publisher_is_told_twice_a_second() -> None:
    target, _ = watched(300_000)
    limit = ViewerLimit()

    told = [step for step in range(20) if limit.take([target], 10.0 + step / 10) is not None]

    assert told == [0, 5, 10, 15]


def test_end_of_a_limit_is_told_for_five_seconds() -> None:
    target, (viewer,) = watched(300_000)
    limit = ViewerLimit()
    limit.take([target], 10.0)
    assert target.unlimited_bps is not None

    viewer.available_bps = None
    told = [limit.take([target], 11.0 + step) for step in range(8)]

    assert told == [UNLIMITED_BPS] * 4 + [None] * 4
    assert target.unlimited_bps is None
