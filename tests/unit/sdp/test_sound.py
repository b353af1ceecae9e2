"""What browsers negotiate for sound that survives losses, and for showing who speaks."""

from __future__ import annotations

import pytest

from liverelay.rtp.extensions import AUDIO_LEVEL_URI
from liverelay.sdp.answer import Purpose, answer
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import MediaKind
from tests.support.sdp import LOCAL, answer_to, offer_text, section_lines


@pytest.mark.parametrize("name", ["chromium-publish", "chromium-subscribe", "chromium-call"])
def test_in_band_fec_is_agreed_as_it_was_offered(name: str) -> None:
    publisher = answer_to("chromium-publish")
    agreed = answer(
        parse_offer(offer_text(name)),
        LOCAL,
        {"publish": Purpose.PUBLISH, "subscribe": Purpose.SUBSCRIBE}.get(
            name.removeprefix("chromium-"), Purpose.CALL
        ),
        publications=publisher.agreed.receive,
    )

    opus = next(line for line in section_lines(agreed.sdp, "audio") if "opus" in line)
    payload_type = opus.removeprefix("a=rtpmap:").split(" ")[0]
    (fmtp,) = [
        line
        for line in section_lines(agreed.sdp, "audio")
        if line.startswith(f"a=fmtp:{payload_type} ")
    ]
    assert "useinbandfec=1" in fmtp.split(" ", 1)[1].split(";")


def test_levels_come_from_publishers_and_go_to_viewers() -> None:
    publisher = answer_to("chromium-publish")
    viewer = answer(
        parse_offer(offer_text("chromium-subscribe")),
        LOCAL,
        Purpose.SUBSCRIBE,
        publications=publisher.agreed.receive,
    )

    for sections in (publisher.agreed.receive, viewer.agreed.send):
        (audio,) = [each for each in sections if each.kind is MediaKind.AUDIO]
        assert AUDIO_LEVEL_URI in {each.uri for each in audio.extensions}
