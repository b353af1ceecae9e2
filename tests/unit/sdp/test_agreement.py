"""Later offers of a session, held against its first one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from liverelay.errors import SessionMismatchError
from liverelay.sdp.agreement import Agreement, Reoffer, take_up
from liverelay.sdp.connection import IceCredentials, Setup
from liverelay.sdp.offer import parse_offer
from tests.support.sdp import (
    LOCAL,
    answer_to,
    edited,
    offer_names,
    offer_text,
    restarted,
    section_lines,
)

NEW_LOCAL = replace(LOCAL, ice=IceCredentials("anew", "abcdefghijklmnopqrstuvwx"), origin_version=2)


def agreed_on(name: str) -> Agreement:
    return answer_to(name).agreed


def reoffer(name: str, text: str) -> Reoffer:
    """Take up `text` in the session that began with an offer from tests/data."""
    return take_up(agreed_on(name), parse_offer(text))


def refusal(name: str, text: str) -> str:
    with pytest.raises(SessionMismatchError) as caught:
        reoffer(name, text)
    return str(caught.value)


@pytest.mark.parametrize("name", offer_names())
def test_repeated_offer_is_answered_as_it_was_and_restarts_nothing(name: str) -> None:
    again = reoffer(name, offer_text(name))

    assert not again.restarts_ice
    assert again.answer(LOCAL) == answer_to(name).sdp
    assert again.agreed == agreed_on(name)


@pytest.mark.parametrize("name", offer_names())
def test_restart_changes_nothing_in_the_answer_but_our_credentials(name: str) -> None:
    again = reoffer(name, restarted(offer_text(name)))

    assert again.restarts_ice
    before, after = answer_to(name).sdp.split("\r\n"), again.answer(NEW_LOCAL).split("\r\n")
    changed = {new for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {
        "o=- 4711 2 IN IP4 127.0.0.1",
        "a=ice-ufrag:anew",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
    }


def test_next_offer_is_held_against_the_credentials_of_the_last() -> None:
    text = restarted(offer_text("chromium-call"))
    once = reoffer("chromium-call", text)

    assert not take_up(once.agreed, parse_offer(text)).restarts_ice
    assert take_up(once.agreed, parse_offer(offer_text("chromium-call"))).restarts_ice


@pytest.mark.parametrize("line", ["ice-ufrag:", "ice-pwd:"])
def test_half_of_a_restart_is_refused(line: str) -> None:
    assert "both" in refusal("chromium-publish", edited("chromium-publish", line, f"{line}x"))


def test_other_certificate_is_refused() -> None:
    text = re.sub(r"(a=fingerprint:sha-256 )..", r"\g<1>FF", offer_text("chromium-publish"))

    assert "a=fingerprint" in refusal("chromium-publish", restarted(text))


@pytest.mark.parametrize("setup", ["actpass", "active"])
def test_our_role_stays_what_it_was_for_a_peer_that_leaves_it_open_or_keeps_its_own(
    setup: str,
) -> None:
    text = edited("chromium-publish", "setup:actpass", f"setup:{setup}")

    again = reoffer("chromium-publish", restarted(text))

    assert again.agreed.setup is Setup.PASSIVE
    assert "a=setup:passive" in section_lines(again.answer(NEW_LOCAL), "video")


def test_our_role_stays_active_for_a_peer_that_was_passive_at_first() -> None:
    first = replace(agreed_on("chromium-publish"), setup=Setup.ACTIVE)

    again = take_up(first, parse_offer(restarted(offer_text("chromium-publish"))))

    assert "a=setup:active" in section_lines(again.answer(NEW_LOCAL), "video")


def test_peer_that_takes_our_role_is_refused() -> None:
    text = edited("chromium-publish", "setup:actpass", "setup:passive")

    assert "a=setup:passive" in refusal("chromium-publish", restarted(text))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("a=mid:1", "a=mid:5", "a=mid was 1"),
        ("a=sendonly", "a=sendrecv", "is sendrecv; it was sendonly"),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP9/90000", "Payload type 96"),
        ("a=rtpmap:96 VP8/90000", "a=x-nothing", "Payload type 96"),
        ("a=fmtp:97 apt=96", "a=fmtp:97 apt=98", "Payload type 96"),
        ("a=extmap:4 ", "a=extmap:13 ", "header extensions"),
    ],
)
def test_other_contents_of_a_section_are_refused(old: str, new: str, sentence: str) -> None:
    text = edited("chromium-publish", old, new)
    if old == "a=mid:1":
        text = text.replace("BUNDLE 0 1", "BUNDLE 0 5")

    assert sentence in refusal("chromium-publish", restarted(text))


def test_other_encodings_are_refused() -> None:
    text = edited("chromium-simulcast", "a=rid:h send", "a=rid:x send")

    assert "a=rid" in refusal("chromium-simulcast", restarted(text))


def test_offer_of_another_kind_of_session_is_refused() -> None:
    assert "1 sections; the session has 2" in refusal(
        "chromium-publish", offer_text("chromium-audio-only")
    )
    assert "audio section is where the session has video" in refusal(
        "chromium-video-first", offer_text("chromium-call")
    )


def test_section_that_was_stopped_since_is_refused() -> None:
    text = re.sub(r"m=audio \d+", "m=audio 0", offer_text("chromium-call"))

    assert "stopped" in refusal("chromium-call", restarted(text))


def test_section_that_was_rejected_stays_so_whatever_the_peer_makes_of_it() -> None:
    name = "chromium-stopped-audio"
    text = edited(name, "m=audio 0", "m=audio 9").replace("BUNDLE 1", "BUNDLE 1 0")

    again = reoffer(name, restarted(text))

    assert section_lines(again.answer(NEW_LOCAL), "audio")[0].startswith("m=audio 0 ")
    assert "a=group:BUNDLE 1\r\n" in again.answer(NEW_LOCAL)
