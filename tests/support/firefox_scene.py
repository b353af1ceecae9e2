"""What `tests/browser/test_firefox.py` runs inside a network namespace; prints JSON.

A server and a real Firefox, which holds both ends: each uses the SDK as any page does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from liverelay.rtp.payload import vp8
from tests.support.browsers import firefox_page
from tests.support.media_server import MediaServer, serving
from tests.support.namespace import ADDRESS
from tests.support.peer import AUDIO, VIDEO

if TYPE_CHECKING:
    from tests.support.browsers import Page

_PLAYED = 1.0

_SET_UP = """(async () => {
  const script = Object.assign(document.createElement('script'), { src: '/static/liverelay.js' });
  const loaded = new Promise((done) => { script.onload = done; });
  document.head.append(script);
  await loaded;
  window.lr = new LiveRelay(location.origin);
  window.videos = ['one', 'two'].map(() => {
    const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true });
    document.body.append(video);
    return video;
  });
  window.camera = await navigator.mediaDevices.getUserMedia(
    { audio: true, video: { width: 320, height: 240 }, fake: true });
  // What has been decoded, once the picture has gone on for a while.
  window.played = async (session, video) => {
    while (video.currentTime < %s) {
      await new Promise((done) => video.addEventListener('timeupdate', done, { once: true }));
    }
    const report = [...(await session.stats()).report.values()];
    const inbound = (kind) => report.find((e) => e.type === 'inbound-rtp' && e.kind === kind);
    return {
      width: video.videoWidth, height: video.videoHeight,
      frames: inbound('video').framesDecoded, sound: inbound('audio').packetsReceived,
    };
  };
  return navigator.userAgent;
})()"""

_PUBLISH = """(async () => {
  window.publisher = await lr.publish({ token: %s, stream: camera });
  return publisher.state;
})()"""
_WATCH = """(async () => {
  window.viewer = await lr.subscribe({ token: %s, element: videos[0] });
  return await played(viewer, videos[0]);
})()"""
# The SDK sends a camera of this size in three. With the SSRCs taken out of the offer, nothing but
# the packets' own rids tells them apart.
_PUBLISH_HD = r"""(async () => {
  const { fetch } = window;
  window.fetch = (url, options) =>
    fetch(url, { ...options, body: options.body?.replaceAll(/a=ssrc.*?\\r\\n/g, '') });
  window.hd = await navigator.mediaDevices.getUserMedia(
    { audio: true, video: { width: 1280, height: 720 }, fake: true });
  window.publisher = await lr.publish({ token: %s, stream: hd });
})()"""
_WATCH_HD = """(async () => {
  window.viewer = await lr.subscribe({ token: %s, element: videos[0] });
})()"""
# The width of the picture, once it is the expected one and stays it for a while.
_WATCH_QUALITY = """(async ([quality, width]) => {
  const video = videos[0];
  await viewer.setQuality(quality);
  const next = () => new Promise((done) => video.requestVideoFrameCallback(done));
  for (let frames = 0; frames < 10; frames = video.videoWidth === width ? frames + 1 : 0) {
    await next();
  }
  return video.videoWidth;
})(%s)"""
_CALL = """(async () => {
  const ends = await Promise.all([%s, %s].map((token, i) =>
    lr.call({ token, stream: camera, element: videos[i] })));
  return await Promise.all(ends.map((end, i) => played(end, videos[i])));
})()"""

# Both ends restart ICE while one is being watched; the longest time between two frames.
_RESTART = """(async () => {
  const video = videos[0];
  const next = () => new Promise((done) => video.requestVideoFrameCallback(done));
  let [longestPause, shownAt] = [0, performance.now()];
  dispatchEvent(new Event('online'));
  for (let frames = 0; frames < 90; frames += 1) {
    await next();
    longestPause = Math.max(longestPause, performance.now() - shownAt);
    shownAt = performance.now();
  }
  return { longestPause, states: [publisher.state, viewer.state] };
})()"""


async def broadcast(server: MediaServer, page: Page) -> dict[str, Any]:
    """Firefox publishes to itself and to a probe."""
    tokens = (await server.create_room())["tokens"]
    state = await page.evaluate(_PUBLISH % json.dumps(tokens["publish"]))
    probe = await server.watch(tokens["subscribe"], ip=ADDRESS)
    watched = await page.evaluate(_WATCH % json.dumps(tokens["subscribe"]))
    await server.until(lambda: len(probe.received(VIDEO)) > 30 and len(probe.received(AUDIO)) > 30)
    first = probe.received(VIDEO)[0].payload
    return {
        "state": state,
        "watched": watched,
        "begins_with_a_keyframe": vp8.is_keyframe(first),
        "probe_reports": len(probe.sender_reports(probe.ssrc_of("video"))),
    }


async def restart(server: MediaServer, page: Page) -> dict[str, Any]:
    """Firefox publishes to itself, and restarts ICE at both ends."""
    tokens = (await server.create_room())["tokens"]
    await page.evaluate(_PUBLISH_HD % json.dumps(tokens["publish"]))
    await page.evaluate(_WATCH % json.dumps(tokens["subscribe"]))
    before = _ufrags(server)
    seen: dict[str, Any] = await page.evaluate(_RESTART)
    # The old ones are forgotten once a path has been nominated with the new ones.
    await server.until(lambda: all(len(each) == 1 for each in _ufrags(server).values()))
    after = _ufrags(server)
    return {
        **seen,
        "is_same": after.keys() == before.keys(),
        "is_restarted": [after[each] != before[each] for each in before],
    }


def _ufrags(server: MediaServer) -> dict[str, tuple[str, ...]]:
    """Return what each session answers checks to."""
    return {
        session_id: joined._transport.ufrags
        for session_id, joined in server.context.media._joined.items()
        if joined._transport is not None
    }


async def simulcast(server: MediaServer, page: Page) -> dict[str, Any]:
    """Firefox publishes in three sizes, and watches each."""
    room = await server.create_room()
    await page.evaluate(_PUBLISH_HD % json.dumps(room["tokens"]["publish"]))
    await page.evaluate(_WATCH_HD % json.dumps(room["tokens"]["subscribe"]))
    choices = (("low", 320), ("medium", 640), ("high", 1280), ("low", 320))
    widths = [await page.evaluate(_WATCH_QUALITY % json.dumps(choice)) for choice in choices]
    stats = await server.request("GET", f"/v1/rooms/{room['id']}/stats")
    streams = [each for session in stats.body["sessions"] for each in session["inbound_rtp"]]
    return {
        "watched": widths,
        "sizes": {each["rid"]: each["frame_width"] for each in streams if each["rid"]},
    }


async def call(server: MediaServer, page: Page) -> dict[str, Any]:
    """Firefox calls itself."""
    tokens = (await server.create_room("call"))["tokens"]
    script = _CALL % (json.dumps(tokens["caller"]), json.dumps(tokens["callee"]))
    return {"ends": await page.evaluate(script)}


# The first looks at all sessions that there are.
SCENES = {"restart": restart, "broadcast": broadcast, "simulcast": simulcast, "call": call}


async def main() -> None:
    seen = {}
    with TemporaryDirectory() as directory:
        async with (
            serving(Path(directory), public_address=(ADDRESS,)) as server,
            firefox_page() as page,
        ):
            for name, scene in SCENES.items():
                await page.go_to(f"{server.server.url}/examples/watch.html")
                agent = await page.evaluate(_SET_UP % _PLAYED)
                seen[name] = {"agent": agent, **await scene(server, page)}
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main())
