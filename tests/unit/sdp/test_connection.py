import pytest

from liverelay.errors import SdpError
from liverelay.sdp.connection import (
    ConnectionLines,
    Fingerprint,
    IceCredentials,
    Setup,
    parse_connection,
)
from liverelay.sdp.description import Attributes

UFRAG, PWD = "abcd", "0123456789abcdefghij+/"
SHA256 = ":".join(["0a"] * 32)
NOTHING = ConnectionLines(None, (), None)


def parsed(**lines: str | tuple[str, ...]) -> ConnectionLines:
    return parse_connection(
        Attributes(
            {
                name.replace("_", "-"): value if isinstance(value, tuple) else (value,)
                for name, value in lines.items()
            }
        )
    )


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (Setup.ACTPASS, Setup.PASSIVE),
        (Setup.ACTIVE, Setup.PASSIVE),
        (Setup.PASSIVE, Setup.ACTIVE),
    ],
)
def test_setup_is_passive_unless_the_peer_is(offered: Setup, answered: Setup) -> None:
    assert offered.answered() is answered


def test_connection_lines_are_read() -> None:
    lines = parsed(ice_ufrag=UFRAG, ice_pwd=PWD, fingerprint=f"SHA-256 {SHA256}", setup="actpass")

    assert lines.ice == IceCredentials(UFRAG, PWD)
    assert lines.fingerprints == (Fingerprint("sha-256", SHA256.upper()),)
    assert lines.setup is Setup.ACTPASS


def test_weak_hashes_beside_a_strong_one_are_skipped() -> None:
    lines = parsed(fingerprint=("sha-1 " + ":".join(["AA"] * 20), f"sha-256 {SHA256}", "md5"))

    assert [each.algorithm for each in lines.fingerprints] == ["sha-256"]


@pytest.mark.parametrize("algorithm", ["sha-384", "sha-512"])
def test_stronger_hashes_are_taken(algorithm: str) -> None:
    value = ":".join(["AB"] * (int(algorithm[-3:]) // 8))

    assert parsed(fingerprint=f"{algorithm} {value}").fingerprints == (
        Fingerprint(algorithm, value),
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"ice_ufrag": UFRAG}, "a=ice-pwd is missing"),
        ({"ice_pwd": PWD}, "a=ice-ufrag is missing"),
        ({"ice_ufrag": "abc", "ice_pwd": PWD}, "a=ice-ufrag must be"),
        ({"ice_ufrag": "abc:d", "ice_pwd": PWD}, "a=ice-ufrag must be"),
        ({"ice_ufrag": "a" * 257, "ice_pwd": PWD}, "a=ice-ufrag must be"),
        ({"ice_ufrag": UFRAG, "ice_pwd": PWD[1:]}, "a=ice-pwd must be"),
        ({"ice_ufrag": UFRAG, "ice_pwd": "ä" * 30}, "a=ice-pwd must be"),
        ({"fingerprint": "sha-256"}, "32 pairs of hex digits"),
        ({"fingerprint": f"sha-256 {SHA256}:0a"}, "32 pairs of hex digits"),
        ({"fingerprint": f"sha-256 {SHA256[:-1]}g"}, "32 pairs of hex digits"),
        ({"fingerprint": ("sha-256 x",) * 9}, "more than 8 fingerprints"),
        ({"setup": "holdconn"}, "not 'holdconn'"),
    ],
)
def test_malformed_lines_are_refused(lines: dict[str, str], message: str) -> None:
    with pytest.raises(SdpError) as refused:
        parsed(**lines)

    assert message in str(refused.value)


def test_missing_parts_come_from_the_fallback() -> None:
    own = ConnectionLines(IceCredentials(UFRAG, PWD), (), None)
    session = ConnectionLines(
        IceCredentials("other", PWD), (Fingerprint("sha-256", "AA"),), Setup.PASSIVE
    )

    connection = own.completed_by(session).complete()

    assert connection.ice.ufrag == UFRAG
    assert connection.fingerprints == session.fingerprints
    assert connection.setup is Setup.PASSIVE


def test_an_offer_without_setup_is_active() -> None:
    lines = parsed(ice_ufrag=UFRAG, ice_pwd=PWD, fingerprint=f"sha-256 {SHA256}")

    assert lines.complete().setup is Setup.ACTIVE


def test_incomplete_connections_are_refused() -> None:
    with pytest.raises(SdpError, match="no ICE credentials"):
        NOTHING.complete()
    with pytest.raises(SdpError, match="sha-256, sha-384, sha-512"):
        ConnectionLines(IceCredentials(UFRAG, PWD), (), None).complete()
