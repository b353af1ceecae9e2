import pytest

from liverelay.errors import SdpError
from liverelay.rtp.types import Rid
from liverelay.sdp.description import Attributes
from liverelay.sdp.streams import OfferedRid, OfferedStreams, parse_streams
from tests.support.sdp import offer_text, section


def parsed(**lines: tuple[str, ...]) -> OfferedStreams:
    return parse_streams(Attributes({name.replace("_", "-"): each for name, each in lines.items()}))


def test_retransmission_streams_are_kept_apart_from_media() -> None:
    streams = section(offer_text("firefox-simulcast"), "video").streams

    assert streams.ssrcs == (122166131, 533133364, 3776416348)
    assert streams.rtx_ssrcs == {
        122166131: 907945609,
        533133364: 3653638558,
        3776416348: 2613882504,
    }
    assert names(streams) == ("q", "h", "f")
    assert streams.has_simulcast
    assert streams.cname == "{f955baaf-4cc1-4c6e-92e8-9d6c4df20d58}"


def test_repair_streams_are_no_media_and_sim_groups_are() -> None:
    streams = parsed(
        ssrc=("1 cname:a", "2 cname:a", "9 cname:a"), ssrc_group=("SIM 1 2 3", "FEC-FR 1 9", "FID")
    )

    assert streams.ssrcs == (1, 2, 3)
    assert streams.rtx_ssrcs == {}


def test_cname_may_come_after_other_attributes_and_be_missing() -> None:
    assert parsed(ssrc=("5 msid:a b", "5 cname:late", "5 label:x")).cname == "late"
    assert parsed(ssrc=("5",)).cname is None


def names(streams: OfferedStreams) -> tuple[Rid, ...]:
    return tuple(each.rid for each in streams.rids)


@pytest.mark.parametrize(
    ("simulcast", "rids"),
    [
        ("send f;h;q", ("f", "h", "q")),
        ("recv x send ~f,h;q", ("f", "q")),
        ("send unknown,h;q;q", ("h", "q")),
        ("send rid=h;f", ("h", "f")),
        ("send h;unknown", ("h",)),
        ("send", ("q", "h", "f")),
        ("recv q", ("q", "h", "f")),
        ("", ("q", "h", "f")),
    ],
)
def test_rids_are_in_the_order_of_simulcast(simulcast: str, rids: tuple[str, ...]) -> None:
    streams = parsed(
        rid=("q send", "h send pt=96", "f send", "x recv", "ü send", "z" * 65 + " send", "y"),
        simulcast=(simulcast,),
    )

    assert names(streams) == rids


def test_restrictions_of_an_encoding_are_kept() -> None:
    plain, restricted = parsed(
        rid=("q send", "h send pt=96,98; max-width=640;depend=q;x"), simulcast=("send q;h",)
    ).rids

    assert plain == OfferedRid(Rid("q"))
    assert restricted == OfferedRid(
        Rid("h"), frozenset({"96", "98"}), (("max-width", "640"), ("depend", "q"), ("x", ""))
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"ssrc": ("x cname:a",)}, "'x' is not an SSRC"),
        ({"ssrc": ("4294967296 cname:a",)}, "is not an SSRC"),
        ({"ssrc_group": ("FID 1 two",)}, "'two' is not an SSRC"),
        ({"ssrc": tuple(f"{n} cname:a" for n in range(65))}, "more than 64 SSRCs"),
        ({"ssrc_group": ("FID 1 2",) * 65}, "more than 64 SSRCs"),
        ({"rid": tuple(f"{n} send" for n in range(17))}, "more than 16 simulcast encodings"),
    ],
)
def test_hostile_stream_lines_are_refused(lines: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(SdpError) as refused:
        parsed(**lines)

    assert message in str(refused.value)


def test_an_empty_group_line_is_ignored() -> None:
    assert parsed(ssrc_group=("",)).ssrcs == ()
