"""Whatever an offer is, it is answered or refused with a sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import SdpError
from liverelay.sdp.answer import Answer, Purpose, answer
from liverelay.sdp.description import split_description
from liverelay.sdp.offer import Offer, parse_offer
from liverelay.sdp.parameters import MediaKind, ReceiveParameters
from tests.support.sdp import LOCAL, OPUS, RED, VP8, h264, offer_names, offer_text, publication

OFFERS = {name: offer_text(name) for name in offer_names()}
LINES = sorted({line for text in OFFERS.values() for line in text.split("\r\n")})

PUBLICATIONS = st.sampled_from(
    [
        (),
        (publication(MediaKind.AUDIO, OPUS, RED), publication(MediaKind.VIDEO, VP8)),
        (publication(MediaKind.VIDEO, h264("64001f")),),
    ]
)
JUNK = st.text(max_size=12) | st.sampled_from(
    ["0", "-1", "99999999999", "a=", ":", "/", "*", "a=mid:", "a=rtpmap:96 ", "\r", "\u0663", "²"]
)


@st.composite
def mutated_offers(draw: st.DrawFn) -> str:
    """Real offers with lines dropped, doubled, swapped, replaced, and characters overwritten."""
    lines = OFFERS[draw(st.sampled_from(sorted(OFFERS)))].split("\r\n")
    for _ in range(draw(st.integers(min_value=0, max_value=6))):
        index = draw(st.integers(min_value=0, max_value=len(lines) - 1))
        match draw(st.integers(min_value=0, max_value=4)):
            case 0:
                lines[index : index + 1] = [lines[index]] * 2
            case 1:
                lines[index] = draw(st.sampled_from(LINES))
            case 2:
                other = draw(st.integers(min_value=0, max_value=len(lines) - 1))
                lines[index], lines[other] = lines[other], lines[index]
            case 3:
                at = draw(st.integers(min_value=0, max_value=len(lines[index])))
                end = at + draw(st.integers(min_value=0, max_value=8))
                lines[index] = lines[index][:at] + draw(JUNK) + lines[index][end:]
            case _:
                del lines[index : index + draw(st.integers(min_value=0, max_value=3))]
                lines = lines or [""]
    return "\r\n".join(lines)


def check_sentence(error: SdpError) -> None:
    assert len(str(error)) > 20


def parsed(text: str) -> Offer | None:
    try:
        return parse_offer(text)
    except SdpError as error:
        check_sentence(error)
        return None


def check(offer: Offer, result: Answer) -> None:
    written = split_description(result.sdp)
    assert result.sdp.encode()
    assert [each.media for each in written.sections] == [each.media for each in offer.sections]
    accepted = {each.attributes.first("mid") for each in written.sections if each.port}
    mids = [mid for mid in offer.bundle if mid in accepted]
    assert written.attributes.all("group") == (f"BUNDLE {' '.join(mids)}",)
    assert len(mids) == len(accepted)
    assert mids
    assert {each.mid for each in result.agreed.receive} | {
        each.mid for each in result.agreed.send
    } <= set(mids)


@given(st.text())
def test_any_text_is_an_offer_or_refused(text: str) -> None:
    parsed(text)


@given(st.lists(st.sampled_from(LINES) | JUNK.map(lambda junk: f"a={junk}"), max_size=40))
def test_any_lines_are_an_offer_or_refused(lines: list[str]) -> None:
    parsed("\n".join(["v=0", *lines]))


@given(mutated_offers(), st.sampled_from(Purpose), PUBLICATIONS)
def test_offers_are_answered_or_refused_however_they_are_damaged(
    text: str, purpose: Purpose, publications: tuple[ReceiveParameters, ...]
) -> None:
    offer = parsed(text)
    if offer is None:
        return

    try:
        result = answer(offer, LOCAL, purpose, publications=publications)
    except SdpError as error:
        check_sentence(error)
        return
    check(offer, result)
