"""How fluently a page's video plays, by the browser's own account."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tests.support.browser import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Frames decoded by a viewer, or sent by a publisher: of the layer of which most are sent.
_COUNT_FRAMES = """async () => {
  const { report } = await session.stats();
  const counts = [...report.values()]
    .filter(({ type, kind }) => /^(in|out)bound-rtp$/.test(type) && kind === 'video')
    .map(({ framesDecoded, framesSent }) => framesDecoded ?? framesSent ?? 0);
  return Math.max(0, ...counts);
}"""

# Of a viewer, in the last second.
_HAS_FRAME_RATE = """async ([least, most]) => {
  const { report } = await session.stats();
  return [...report.values()].some(
    ({ type, kind, framesPerSecond: rate = 0 }) =>
      type === 'inbound-rtp' && kind === 'video' && rate >= least && rate <= most,
  );
}"""

_PATIENCE = 30.0

# A pause is the time between two frames that were shown, or the last and now.
BEGIN = """() => {
  window.longestPause = 0;
  window.shownAt = performance.now();
  const onFrame = (now) => {
    window.longestPause = Math.max(window.longestPause, now - window.shownAt);
    window.shownAt = now;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
}"""
_END = "Math.max(longestPause, performance.now() - shownAt) / 1000"


# Of each frame that is decoded, whether the page is seen or not.
_RECORD = """() => {
  const [track] = video.srcObject.getVideoTracks();
  const frames = new MediaStreamTrackProcessor({ track }).readable.getReader();
  window.recorded = { frames: {}, longestPause: 0, decodedAt: performance.now() };
  const take = ({ done, value }) => {
    if (done) return;
    const now = performance.now();
    recorded.longestPause = Math.max(recorded.longestPause, now - recorded.decodedAt);
    recorded.decodedAt = now;
    recorded.frames[value.displayWidth] = (recorded.frames[value.displayWidth] ?? 0) + 1;
    value.close();
    frames.read().then(take);
  };
  frames.read().then(take);
}"""
_RECORDED = """() => [
  Object.entries(recorded.frames).map(([width, count]) => [Number(width), count]),
  Math.max(recorded.longestPause, performance.now() - recorded.decodedAt) / 1000,
]"""


# By a publisher, of all its layers.
_FRAMES_SENT = """async () => [...(await session.stats()).report.values()]
  .filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video')
  .map(({ frameWidth, framesSent }) => [frameWidth, framesSent])"""


class Recording(NamedTuple):
    """What a viewer got since it was begun to be recorded: how many frames of each width.

    `longest_pause` is in seconds.
    """

    frames: dict[int, int]
    longest_pause: float


class Fluency(NamedTuple):
    """What a viewer saw in a while; `longest_pause` in seconds."""

    sent: int
    decoded: int
    longest_pause: float

    @property
    def share(self) -> float:
        return self.decoded / self.sent


def record(viewer: Page) -> None:
    """Begin to note each frame that a viewer decodes, also while other pages are in front of it."""
    viewer.evaluate(_RECORD)


def recorded(viewer: Page) -> Recording:
    frames, longest_pause = viewer.evaluate(_RECORDED)
    return Recording(dict(frames), longest_pause)


def frames_sent(publisher: Page) -> dict[int, int]:
    """Return how many frames of each width a publisher has sent."""
    return dict(publisher.evaluate(_FRAMES_SENT))


def wait_until_frame_rate(viewer: Page, least: float, most: float) -> None:
    """Wait until a viewer decodes so many frames a second."""
    wait_until(viewer, _HAS_FRAME_RATE, arg=[least, most], seconds=20)


def wait_until_fluent(
    publisher: Page,
    viewer: Page,
    least: float,
    most: float,
    *,
    longest_pause: float,
    seconds: float = 3.0,
) -> None:
    """Wait until a viewer sees that share of the frames for a while, none of them much later.

    What comes of a change of the network shows within half a minute.
    """
    seen: list[Fluency] = []
    for _ in range(math.ceil(_PATIENCE / seconds)):
        seen.append(watch(publisher, viewer, seconds))
        if least <= seen[-1].share <= most and seen[-1].longest_pause < longest_pause:
            return
    raise AssertionError(f"never fluent: {seen}")


def watch(publisher: Page, viewer: Page, seconds: float) -> Fluency:
    """Let a viewer watch a publisher, both with a global `session`, and return how it went."""
    # Of a page behind another, Chromium shows one frame in a second.
    viewer.bring_to_front()
    viewer.evaluate(BEGIN)
    sent, decoded = publisher.evaluate(_COUNT_FRAMES), viewer.evaluate(_COUNT_FRAMES)
    viewer.wait_for_timeout(seconds * 1000)
    return Fluency(
        publisher.evaluate(_COUNT_FRAMES) - sent,
        viewer.evaluate(_COUNT_FRAMES) - decoded,
        viewer.evaluate(_END),
    )
