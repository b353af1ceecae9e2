"""What hostile peers send costs a counter, and nobody else notices."""

from liverelay.rtp.rtcp.feedback import PictureLossIndication
from liverelay.rtp.types import Ssrc
from liverelay.sfu.drops import DropReason
from liverelay.sfu.types import SessionId
from tests.support.observations import VIDEO, gaps
from tests.support.packets import rtp
from tests.support.scenario import (
    Scenario,
)


def test_hostile_packets_cost_a_counter_only() -> None:
    scenario = Scenario()
    viewer = scenario.watch()
    publisher = scenario.publish()
    scenario.run(1.0)
    media_before = len(viewer.packets)

    for junk in (b"", b"\x80", b"\x80\xc8", bytes(1500), b"\xff" * 100, b"\x90" + bytes(11)):
        for session_id in (publisher.session_id, viewer.session_id, SessionId("stranger")):
            scenario.on_rtp(session_id, junk)
            scenario.on_rtcp(session_id, junk)
    scenario.on_rtp(publisher.session_id, rtp(ssrc=404, payload_type=50))
    scenario.on_rtp(viewer.session_id, rtp(ssrc=0x1234))
    scenario.on_rtcp(viewer.session_id, PictureLossIndication(Ssrc(1), Ssrc(404)).serialize())
    viewer.send_nack(404, 1, 2, 3)
    assert len(viewer.packets) == media_before

    scenario.run(1.0)

    assert gaps(viewer.stream(VIDEO)) == []
    assert set(scenario.room.drops) == {
        DropReason.MALFORMED_RTP,
        DropReason.MALFORMED_RTCP,
        DropReason.UNKNOWN_SSRC,
        DropReason.UNKNOWN_SESSION,
    }
