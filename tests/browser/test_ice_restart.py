"""Chromium restarts ICE in mid-stream, and nobody misses a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import (
    CALL,
    PUBLISH,
    SUBSCRIBE,
    replace_port,
    wait_until,
    wait_until_playing,
)
from tests.support.fluency import BEGIN, watch
from tests.support.udp_proxy import running_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Response

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

SECONDS = 4.0
# A busy machine decodes a few late; a new session would cost half of the time.
LEAST_SHARE = 0.8

# A client that knows nothing but docs/http-api.md.
STRANGER = """
const exchange = async (method, path, token) => {
  await pc.setLocalDescription();
  const { sdp } = pc.localDescription;
  const response = await fetch(path, {
    method, headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ sdp, type: 'offer' }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  await pc.setRemoteDescription(answer);
  return answer;
};
const join = async (kind, token) => {
  window.pc = new RTCPeerConnection();
  window.session = { stats: async () => ({ report: await pc.getStats() }) };
  if (kind === 'subscribe') {
    video.srcObject = new MediaStream();
    pc.addEventListener('track', ({ track }) => video.srcObject.addTrack(track));
    for (const each of ['audio', 'video']) pc.addTransceiver(each, { direction: 'recvonly' });
  } else {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of media.getTracks()) pc.addTransceiver(track, { direction: 'sendonly' });
  }
  const { session_id } = await exchange('POST', `/sfu/${kind}`, token);
  window.restart = async () => {
    pc.restartIce();
    await exchange('PATCH', `/sfu/sessions/${session_id}`, token);
  };
};
"""
JOIN = "([kind, token]) => join(kind, token)"
RESTART_SOON = """() => {
  window.dtls = pc.getTransceivers()[0].sender.transport;
  window.dtlsStates = [];
  dtls.addEventListener('statechange', () => dtlsStates.push(dtls.state));
  window.restarted = new Promise((resolve) => setTimeout(resolve, 1000)).then(restart);
}"""
# Which of one's own ICE credentials the path in use was found with.
UFRAG_IN_USE = """async () => {
  const report = await pc.getStats();
  const all = [...report.values()];
  const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport');
  const { localCandidateId, state } = report.get(selectedCandidatePairId);
  return state === 'succeeded' ? report.get(localCandidateId).usernameFragment : null;
}"""
USES_ITS_NEWEST_UFRAG = f"""async () => {{
  const ufrag = await ({UFRAG_IN_USE})();
  return ufrag !== null && pc.localDescription.sdp.includes(`a=ice-ufrag:${{ufrag}}\\r\\n`);
}}"""


def sessions(server: LiveServer, room_id: str) -> list[Any]:
    _, peers = server.request("GET", f"/v1/rooms/{room_id}/peers")
    return sorted(each["session_id"] for peer in peers for each in peer["sessions"])


@pytest.mark.parametrize("restarting", ["publisher", "viewer"])
def test_stranger_restarts_ice_and_not_a_frame_is_missed(
    server: LiveServer, open_tab: Callable[..., Page], restarting: str
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(STRANGER), open_tab(STRANGER)
    publisher.evaluate(JOIN, ["publish", room["tokens"]["publish"]])
    viewer.evaluate(JOIN, ["subscribe", room["tokens"]["subscribe"]])
    wait_until_playing(viewer)
    before = sessions(server, room["id"])
    page = publisher if restarting == "publisher" else viewer
    ufrag = page.evaluate(UFRAG_IN_USE)

    page.evaluate(RESTART_SOON)
    seen = watch(publisher, viewer, SECONDS)
    page.evaluate("restarted")

    wait_until(page, USES_ITS_NEWEST_UFRAG)
    assert page.evaluate(UFRAG_IN_USE) != ufrag
    assert seen.share >= LEAST_SHARE
    assert seen.longest_pause <= 1.0
    assert page.evaluate("[dtls.state, ...dtlsStates]") == ["connected"]
    assert sessions(server, room["id"]) == before
    wait_until_playing(viewer)


# Three sizes at once, so that encodings are offered again, too.
PUBLISH_HD = """async token => {
  const video = { width: 1280, height: 720 };
  window.session = await lr.publish({ token, video, audio: true, onStateChange });
}"""
CHANGE_NETWORK_SOON = "() => void setTimeout(() => dispatchEvent(new Event('online')), 1000)"

WITHOUT_RESTARTS = """() => {
  RTCPeerConnection.prototype.restartIce = () => { throw new Error('no restarts here'); };
}"""


def restarts(page: Page) -> list[int]:
    """Return a list that gets the status of each restart's answer from now on."""
    statuses: list[int] = []

    def on_response(response: Response) -> None:
        request = response.request
        if request.method == "PATCH" and '"sdp"' in (request.post_data or ""):
            statuses.append(response.status)

    page.on("response", on_response)
    return statuses


@pytest.mark.parametrize("restarting", ["publisher", "viewer"])
def test_page_on_another_network_restarts_ice_and_not_a_frame_is_missed(
    server: LiveServer, open_tab: Callable[..., Page], restarting: str
) -> None:
    room = server.create_room()
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH_HD, room["tokens"]["publish"])
    viewer.evaluate(SUBSCRIBE, room["tokens"]["subscribe"])
    wait_until_playing(viewer)
    before = sessions(server, room["id"])
    page = publisher if restarting == "publisher" else viewer
    statuses = restarts(page)

    page.evaluate(CHANGE_NETWORK_SOON)
    seen = watch(publisher, viewer, SECONDS)

    assert statuses == [200]
    assert seen.share >= LEAST_SHARE
    assert seen.longest_pause <= 1.0
    assert sessions(server, room["id"]) == before
    for each in (publisher, viewer):
        assert each.evaluate("states") == ["connecting", "connected"]


def test_call_restarts_ice_at_both_ends_at_once(
    server: LiveServer, open_tab: Callable[..., Page]
) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()
    statuses = [restarts(page) for page in (caller, callee)]
    caller.evaluate(CALL, room["tokens"]["caller"])
    callee.evaluate(CALL, room["tokens"]["callee"])
    wait_until_playing(callee)
    before = sessions(server, room["id"])

    for page in (caller, callee):
        page.evaluate(CHANGE_NETWORK_SOON)
    wait_until_playing(callee, seconds=2.5)
    caller.bring_to_front()
    wait_until_playing(caller)

    assert statuses == [[200], [200]]
    assert sessions(server, room["id"]) == before
    for page in (caller, callee):
        assert page.evaluate("states") == ["connecting", "connected"]


def pauses_after_cut(server: LiveServer, pairs: list[tuple[Page, Page]], cut: int) -> list[float]:
    """Return for how many seconds each viewer's picture stands when the same path dies for all.

    Each pair is a publisher and a viewer in a room of their own, and `cut` says whose path it is.
    """
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        for pair in pairs:
            room = server.create_room()
            replace_port(pair[cut], proxy.port)
            pair[0].evaluate(PUBLISH, room["tokens"]["publish"])
            pair[1].evaluate(SUBSCRIBE, room["tokens"]["subscribe"])
        for _, viewer in pairs:
            wait_until_playing(viewer)
            viewer.evaluate(BEGIN)

        proxy.cut_off()
        for _, viewer in pairs:
            viewer.wait_for_function(
                "longestPause > 2000 && performance.now() - shownAt < 500", timeout=40_000
            )
            wait_until_playing(viewer)
        pauses = [viewer.evaluate("longestPause / 1000") for _, viewer in pairs]
        for pair in pairs:
            for page in pair:
                page.evaluate("session.close()")
    return pauses


@pytest.mark.parametrize("cut", [0, 1], ids=["publisher", "viewer"])
def test_dead_path_is_replaced_by_a_restart_sooner_than_by_another_session(
    server: LiveServer, open_tab: Callable[..., Page], cut: int
) -> None:
    pairs = [(open_tab(), open_tab()) for _ in range(2)]
    restarting, joining = (pair[cut] for pair in pairs)
    statuses, others = restarts(restarting), restarts(joining)
    joining.evaluate(WITHOUT_RESTARTS)

    restarted, joined_again = pauses_after_cut(server, pairs, cut)

    assert restarting.evaluate("states") == ["connecting", "connected", "disconnected"]
    assert statuses == [200]
    assert joining.evaluate("states") == [
        "connecting",
        "connected",
        "connecting",
        "connected",
        "disconnected",
    ]
    assert others == []
    # By more than a second, unless both have to wait for the machine.
    assert restarted < joined_again - 0.5
