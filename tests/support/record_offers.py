"""Records the offers of real clients into tests/data/offers.

Run `python -m tests.support.record_offers [PREFIX…]` in a network namespace whose only address is
a made-up one, so that no address of a real machine gets into the repository.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.browsers import chromium_page, firefox_page

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

OFFERS = Path(__file__).parents[1] / "data" / "offers"

# What a page does to its peer connection `pc` before it creates the offer; `camera` is a
# MediaStream of one audio and one video track.
SCENES = {
    "publish": "camera.getTracks().forEach(track => pc.addTransceiver(track, "
    "{direction: 'sendonly', streams: [camera]}))",
    "subscribe": "['audio', 'video'].forEach(kind => pc.addTransceiver(kind, "
    "{direction: 'recvonly'}))",
    "call": "camera.getTracks().forEach(track => pc.addTrack(track, camera))",
    "video-first": "camera.getTracks().reverse().forEach(track => pc.addTrack(track, camera))",
    "audio-only": "pc.addTrack(camera.getAudioTracks()[0], camera)",
    "simulcast": "(pc.addTransceiver(camera.getAudioTracks()[0], {direction: 'sendonly'}), "
    "pc.addTransceiver(camera.getVideoTracks()[0], {direction: 'sendonly', sendEncodings: ["
    "{rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}, {rid: 'f'}]}))",
    "data-channel": "(camera.getTracks().forEach(track => pc.addTrack(track, camera)), "
    "pc.createDataChannel('chat'))",
    "red-first": "(pc.addTransceiver(camera.getAudioTracks()[0], {direction: 'sendonly'}), "
    "pc.getTransceivers()[0].setCodecPreferences(RTCRtpSender.getCapabilities('audio').codecs"
    ".sort((a, b) => b.mimeType.endsWith('red') - a.mimeType.endsWith('red'))))",
    "stopped-audio": "(camera.getTracks().forEach(track => pc.addTrack(track, camera)), "
    "await pc.setLocalDescription(), pc.getTransceivers()[0].stop())",
}

OFFER_SCRIPT = """(async () => {
  const camera = await navigator.mediaDevices.getUserMedia({audio: true, video: true, fake: true});
  const pc = window.pc = new RTCPeerConnection();
  %s;
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== 'complete')
    await new Promise(done => { pc.onicegatheringstatechange =
      () => pc.iceGatheringState === 'complete' && done(); setTimeout(done, 3000); });
  return pc.localDescription.sdp;
})()"""


async def record_chromium(save: Callable[[str, str], None]) -> None:
    for scene, script in SCENES.items():
        async with chromium_page() as page:
            save(f"chromium-{scene}", await page.evaluate(OFFER_SCRIPT % script))


async def record_firefox(save: Callable[[str, str], None]) -> None:
    async with firefox_page() as page:
        for scene, script in SCENES.items():
            if scene != "red-first":
                save(f"firefox-{scene}", await page.evaluate(OFFER_SCRIPT % script))


async def record_aiortc(save: Callable[[str, str], None]) -> None:
    from aiortc import RTCPeerConnection

    async def offer(direction: str, *, data: bool = False) -> str:
        connection = RTCPeerConnection()
        for kind in ("audio", "video"):
            connection.addTransceiver(kind, direction=direction)
        if data:
            connection.createDataChannel("chat")
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        await connection.close()
        return sdp

    save("aiortc-publish", await offer("sendonly"))
    save("aiortc-subscribe", await offer("recvonly"))
    save("aiortc-call", await offer("sendrecv"))
    save("aiortc-data-channel", await offer("sendrecv", data=True))


async def record_wrtc(save: Callable[[str, str], None]) -> None:
    os.environ["WRTC_ALLOW_LOOPBACK"] = "1"
    import webrtc

    async def offer(direction: str, rids: tuple[str, ...] = ()) -> str:
        connection = webrtc.RTCPeerConnection()
        video = webrtc.VideoTrackGenerator()
        audio = webrtc.MediaStreamTrackGenerator("audio")
        encodings = [
            webrtc.RTCRtpEncodingParameters(rid=rid, scale_resolution_down_by=scale)
            for rid, scale in zip(rids, (4.0, 2.0, 1.0), strict=False)
        ]
        for track, track_encodings in ((audio, []), (video.track, encodings)):
            options: dict[str, Any] = {"direction": direction}
            if track_encodings:
                options["send_encodings"] = track_encodings
            connection.add_transceiver(track, webrtc.RTCRtpTransceiverInit(**options))
        gathered = asyncio.Event()

        def on_gathering(_: object) -> None:
            if connection.ice_gathering_state == "complete":
                gathered.set()

        connection.on("icegatheringstatechange", on_gathering)
        await connection.set_local_description(await connection.create_offer())
        await asyncio.wait_for(gathered.wait(), timeout=10)
        description = connection.local_description
        connection.close()
        assert description is not None
        sdp: str = description.sdp
        return sdp

    save("wrtc-publish", await offer("sendonly"))
    save("wrtc-simulcast", await offer("sendonly", ("q", "h", "f")))
    save("wrtc-subscribe", await offer("recvonly"))
    save("wrtc-call", await offer("sendrecv"))


RECORDERS: dict[str, Callable[[Callable[[str, str], None]], Coroutine[None, None, None]]] = {
    "chromium": record_chromium,
    "firefox": record_firefox,
    "aiortc": record_aiortc,
    "wrtc": record_wrtc,
}


def _save(name: str, sdp: str) -> None:
    (OFFERS / f"{name}.sdp").write_bytes(sdp.encode())
    sys.stderr.write(f"{name}: {len(sdp)} bytes\n")


if __name__ == "__main__":
    for client in sys.argv[1:] or RECORDERS:
        asyncio.run(RECORDERS[client](_save))
