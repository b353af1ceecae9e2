from collections import Counter

from liverelay.rtp.extensions import MID_URI, REPAIRED_RID_URI, RID_URI
from liverelay.rtp.packet import parse_header
from liverelay.rtp.types import Ssrc
from liverelay.sdp.parameters import HeaderExtension, ReceiveParameters
from liverelay.sfu.demux import InboundDemux, Route
from liverelay.sfu.publication import Publication
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import VP8_WITH_RTX, published_audio, published_video
from tests.support.sfu import publication

NAMES = (
    HeaderExtension(1, MID_URI),
    HeaderExtension(2, RID_URI),
    HeaderExtension(3, REPAIRED_RID_URI),
)


class Session:
    """A demux with its publications, and the shortest way to ask it."""

    def __init__(self, *sections: ReceiveParameters) -> None:
        self.demux = InboundDemux(Counter())
        self.publications = [publication(section) for section in sections]
        for each in self.publications:
            self.demux.add(each)

    def route(
        self, ssrc: int, payload_type: int = 96, names: tuple[tuple[int, bytes], ...] = ()
    ) -> Route | None:
        packet = rtp(
            ssrc=ssrc, payload_type=payload_type, extension=one_byte_elements(*names) or None
        )
        header = parse_header(packet)
        return self.demux.routes.get(header.ssrc) or self.demux.learn(packet, header)

    def found(
        self, ssrc: int, payload_type: int = 96, names: tuple[tuple[int, bytes], ...] = ()
    ) -> tuple[Publication, int, bool] | None:
        """Return the publication, which of its encodings, and whether it is a repair."""
        route = self.route(ssrc, payload_type, names)
        if route is None:
            return None
        return route.publication, route.publication.encodings.index(route.encoding), route.is_repair


def test_declared_ssrc_is_known_without_any_name() -> None:
    session = Session(published_video(ssrcs=(10,)), published_video(mid="2", ssrcs=(20,)))

    assert session.found(20) == (session.publications[1], 0, False)


def test_undeclared_ssrc_is_placed_by_its_mid_and_then_known() -> None:
    session = Session(
        published_video(ssrcs=(), extensions=NAMES),
        published_video(mid="2", ssrcs=(), extensions=NAMES),
    )

    assert session.found(7, names=((1, b"2"),)) == (session.publications[1], 0, False)
    assert session.found(7) == (session.publications[1], 0, False)
    assert session.found(8, names=((1, b"9"),)) is None


def test_undeclared_ssrc_without_a_name_is_placed_by_its_payload_type() -> None:
    session = Session(published_video(ssrcs=()), published_audio(ssrcs=()))

    assert session.found(7, payload_type=111) == (session.publications[1], 0, False)


def test_payload_type_of_two_sections_places_nothing() -> None:
    session = Session(published_video(ssrcs=()), published_video(mid="2", ssrcs=()))

    assert session.found(7) is None


def test_mid_with_a_payload_type_of_another_section_places_nothing() -> None:
    session = Session(published_video(ssrcs=(), extensions=NAMES))

    assert session.found(7, payload_type=111, names=((1, b"0"),)) is None


def test_encodings_are_told_apart_by_rid() -> None:
    session = Session(published_video(ssrcs=(), rids=("q", "h", "f"), extensions=NAMES))

    found = [
        session.found(ssrc, names=((1, b"0"), (2, rid))) for ssrc, rid in ((7, b"f"), (8, b"q"))
    ]

    assert found == [(session.publications[0], 2, False), (session.publications[0], 0, False)]
    assert session.found(9, names=((1, b"0"), (2, b"x"))) is None


def test_declared_ssrcs_stand_for_encodings_in_order() -> None:
    session = Session(published_video(ssrcs=(10, 20, 30)))

    assert session.found(20) == (session.publications[0], 1, False)
    assert session.found(99) is None


def test_extension_that_was_not_negotiated_names_nothing() -> None:
    session = Session(published_video(ssrcs=()), published_video(mid="2", ssrcs=()))

    assert session.found(7, names=((1, b"2"),)) is None


def test_rid_that_was_not_negotiated_is_ignored() -> None:
    session = Session(published_video(ssrcs=(), extensions=NAMES))

    assert session.found(7, names=((2, b"q"),)) == (session.publications[0], 0, False)


def test_declared_retransmissions_belong_to_their_media() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(10, 20), rtx_ssrcs={10: 11, 20: 21}))
    assert session.found(21, payload_type=97) is None
    session.route(10)
    session.route(20)

    assert session.found(21, payload_type=97) == (session.publications[0], 1, True)


def test_undeclared_retransmissions_are_placed_by_repaired_rid() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(), rids=("q", "h"), extensions=NAMES))
    assert session.found(9, payload_type=97, names=((3, b"h"),)) is None
    session.route(8, names=((2, b"h"),))

    assert session.found(9, payload_type=97, names=((3, b"h"),)) == (
        session.publications[0],
        1,
        True,
    )


def test_undeclared_retransmissions_of_an_only_stream_are_its_own() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(10,)))
    session.route(10)

    assert session.found(11, payload_type=97) == (session.publications[0], 0, True)


def test_new_ssrc_takes_an_encoding_over_and_the_old_one_does_not_take_it_back() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(), rtx_ssrcs={}))
    old = session.route(7)
    session.route(70, payload_type=97)

    new = session.route(8)

    assert old is not None
    assert new is not None
    assert new.encoding is old.encoding
    assert new.encoding.stream is new.stream
    assert session.found(7) is None
    assert set(session.demux.routes) == {8}


def test_retransmissions_of_the_old_ssrc_are_not_taken_for_those_of_the_new_one() -> None:
    section = published_video(VP8_WITH_RTX, ssrcs=(7, 8), rtx_ssrcs={7: 70, 9: 90}, rids=("q",))
    undeclared = Session(published_video(VP8_WITH_RTX, ssrcs=(), rtx_ssrcs={}))
    declared = Session(section)
    undeclared.route(7)
    undeclared.route(71, payload_type=97)
    declared.route(7)

    for session in (undeclared, declared):
        session.route(8)

    assert undeclared.route(71, payload_type=97) is None
    assert declared.route(70, payload_type=97) is None
    assert declared.route(72, payload_type=97) is not None


def test_session_may_change_its_ssrc_only_so_often() -> None:
    session = Session(published_video(ssrcs=()))

    routed = [session.route(ssrc) is not None for ssrc in range(1, 100)]

    assert sum(routed) == 65


def test_number_of_streams_is_bounded() -> None:
    rids = tuple(f"r{index}" for index in range(40))
    session = Session(published_video(ssrcs=(), rids=rids, extensions=NAMES))

    routed = [
        session.route(index + 1, names=((2, rid.encode()),)) for index, rid in enumerate(rids)
    ]

    assert sum(route is not None for route in routed) == 32


def test_stream_that_said_goodbye_may_return() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(10,), rtx_ssrcs={10: 11}))
    before = session.route(10)
    session.route(11, payload_type=97)

    session.demux.forget(Ssrc(404))
    session.demux.forget(Ssrc(10))

    assert session.demux.routes == {}
    after = session.route(10)
    assert before is not None
    assert after is not None
    assert after.stream is not before.stream


def test_goodbye_of_retransmissions_leaves_the_media_alone() -> None:
    session = Session(published_video(VP8_WITH_RTX, ssrcs=(10,), rtx_ssrcs={10: 11}))
    session.route(10)
    session.route(11, payload_type=97)

    session.demux.forget(Ssrc(11))

    assert set(session.demux.routes) == {10}


def test_removed_publication_takes_its_routes_along() -> None:
    session = Session(published_video(ssrcs=(10,)), published_audio(ssrcs=(20,)))
    session.route(10)
    session.route(20, payload_type=111)

    session.demux.remove(session.publications[0])

    assert set(session.demux.routes) == {20}
