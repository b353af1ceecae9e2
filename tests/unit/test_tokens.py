from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import ErrorCode, RefusedError
from liverelay.tokens import CLAIMS, MAX_TOKEN_SIZE, Claims, Role, is_uuid, mint, parse_role, verify

_SECRET = b"a secret of more than thirty-two bytes"
_NOW = 1_770_412_459
_DAY = 86_400
_ROOM = "8271274b-fc62-4b73-98c5-40e28b7a1b81"
_PEER = "0f2cbd4e-5a3b-4c56-9f6e-2b1d0c9a8e77"


def _claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "sub": _PEER,
        "room_id": _ROOM,
        "role": "publish",
        "key_id": "lr_aebfc",
        "exp": _NOW + _DAY,
        "iat": _NOW,
    }
    return {**claims, **changes}


def _sign(claims: dict[str, Any], secret: bytes = _SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


def _verify(token: str, *, now: int = _NOW, live: bool = True) -> Claims:
    return verify(token, _SECRET, now=now, is_live_key=lambda _key_id: live)


def _refused(token: str, *, now: int = _NOW, live: bool = True) -> ErrorCode:
    with pytest.raises(RefusedError) as caught:
        _verify(token, now=now, live=live)
    return caught.value.code


def _mint(role: Role = Role.PUBLISH, key_id: str = "lr_aebfc", ttl: int = _DAY) -> str:
    return mint(_SECRET, room_id=_ROOM, role=role, key_id=key_id, ttl=ttl, now=_NOW)


def _encode(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_minted_token_has_exactly_the_documented_claims() -> None:
    payload = jwt.decode(_mint(), _SECRET, algorithms=["HS256"], options={"verify_exp": False})

    assert tuple(payload) == CLAIMS
    assert payload == _claims(sub=payload["sub"])
    assert str(uuid.UUID(payload["sub"])) == payload["sub"]


def test_minted_token_names_hs256() -> None:
    assert jwt.get_unverified_header(_mint()) == {"alg": "HS256", "typ": "JWT"}


def test_each_token_is_for_a_new_peer() -> None:
    assert len({_verify(_mint()).sub for _ in range(50)}) == 50


@pytest.mark.parametrize("role", list(Role))
def test_minted_token_verifies(role: Role) -> None:
    claims = _verify(_mint(role))

    assert claims == Claims(claims.sub, _ROOM, role, "lr_aebfc", _NOW + _DAY, _NOW)


def test_token_is_good_until_the_second_it_expires() -> None:
    token = _mint(ttl=60)

    assert _verify(token, now=_NOW + 59).exp == _NOW + 60
    assert _refused(token, now=_NOW + 60) is ErrorCode.TOKEN_EXPIRED


def test_token_from_a_clock_ahead_is_good() -> None:
    assert _verify(_sign(_claims(iat=_NOW + 30))).iat == _NOW + 30


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_hmac_is_invalid(algorithm: str) -> None:
    token = _sign(_claims(), secret=_SECRET * 2, algorithm=algorithm)

    with pytest.raises(RefusedError) as caught:
        verify(token, _SECRET * 2, now=_NOW, is_live_key=lambda _key_id: True)

    assert caught.value.code is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_unsigned_token_is_invalid(algorithm: str) -> None:
    header = _encode({"alg": algorithm, "typ": "JWT"})
    signature = _mint().rpartition(".")[2]

    for end in ("", signature):
        assert _refused(f"{header}.{_encode(_claims())}.{end}") is ErrorCode.TOKEN_INVALID


def test_token_signed_with_rsa_is_invalid() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    assert _refused(jwt.encode(_claims(), pem, algorithm="RS256")) is ErrorCode.TOKEN_INVALID


def test_token_signed_with_a_key_it_brings_along_is_invalid() -> None:
    header = {"jwk": {"kty": "oct", "k": _encode(b"x" * 32)}, "kid": "/dev/null", "jku": "http://x"}

    token = jwt.encode(_claims(), b"x" * 32, algorithm="HS256", headers=header)

    assert _refused(token) is ErrorCode.TOKEN_INVALID


def test_header_cannot_change_the_algorithm_of_a_signed_token() -> None:
    _, payload, signature = _mint().split(".")

    token = f"{_encode({'alg': 'HS512', 'typ': 'JWT'})}.{payload}.{signature}"

    assert _refused(token) is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize("claim", CLAIMS)
def test_token_without_a_claim_is_invalid(claim: str) -> None:
    claims = _claims()
    del claims[claim]

    assert _refused(_sign(claims)) is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": 5},
        {"sub": "not-a-uuid"},
        {"sub": None},
        {"room_id": 7},
        {"room_id": None},
        {"role": "admin"},
        {"role": ["publish"]},
        {"key_id": 1},
        {"key_id": {}},
        {"exp": "1770498859"},
        {"exp": 1770498859.5},
        {"exp": True},
        {"exp": None},
        {"iat": "now"},
        {"iat": 1.5},
    ],
    ids=str,
)
def test_token_with_a_wrong_claim_is_invalid(changes: dict[str, object]) -> None:
    header, secret = {"alg": "HS256", "typ": "JWT"}, _SECRET
    signing = f"{_encode(header)}.{_encode(_claims(**changes))}"
    # By hand, because the library refuses to make some of these.
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signing.encode(), secret
    )

    assert _refused(f"{signing}.{_encode(signature)}") is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize("payload", [[], "text", 5, None, b"\xff\xfe", b"{", b""])
def test_signed_payload_that_is_no_object_is_invalid(payload: object) -> None:
    signing = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(payload)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signing.encode(), _SECRET
    )

    assert _refused(f"{signing}.{_encode(signature)}") is ErrorCode.TOKEN_INVALID


def test_tampered_payload_is_invalid() -> None:
    header, _, signature = _sign(_claims(role="subscribe")).split(".")

    assert _refused(f"{header}.{_encode(_claims(role='call'))}.{signature}") is (
        ErrorCode.TOKEN_INVALID
    )


def test_token_of_another_store_is_invalid() -> None:
    token = _sign(_claims(), secret=b"the secret of quite another LiveRelay store")

    assert _refused(token) is ErrorCode.TOKEN_INVALID


def test_token_of_a_revoked_key_is_invalid() -> None:
    assert _refused(_mint(), live=False) is ErrorCode.TOKEN_INVALID


def test_expired_token_of_a_revoked_key_is_invalid_rather_than_expired() -> None:
    assert _refused(_mint(), now=_NOW + 2 * _DAY, live=False) is ErrorCode.TOKEN_INVALID


def test_tampered_token_is_invalid_rather_than_expired() -> None:
    token = _sign(_claims(exp=_NOW - 1), secret=b"the secret of quite another LiveRelay store")

    assert _refused(token) is ErrorCode.TOKEN_INVALID


def test_key_id_of_the_token_is_what_is_asked_about() -> None:
    asked: list[str] = []

    def is_live_key(key_id: str) -> bool:
        asked.append(key_id)
        return True

    verify(_mint(key_id="local"), _SECRET, now=_NOW, is_live_key=is_live_key)

    assert asked == ["local"]


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b",
        "eyJ",
        "a.b.c",
        "é.é.é",
        "\udcff.\udcff.\udcff",
        "\0",
        _encode(b"[" * 5000) + ".e30.x",
        _encode({"alg": ["HS256"]}) + ".e30.x",
        _encode({"alg": {}, "typ": 5}) + ".e30.x",
        _encode({"alg": "HS256", "crit": ["b64"], "b64": False}) + "..x",
        _encode(b"[]") + ".e30.x",
        _encode(b"9" * 5000) + ".e30.x",
    ],
    ids=range(16),
)
def test_garbage_is_invalid(token: str) -> None:
    assert _refused(token) is ErrorCode.TOKEN_INVALID


def test_token_longer_than_any_of_ours_is_refused_unread() -> None:
    assert len(_mint()) < MAX_TOKEN_SIZE / 2
    assert _refused(_sign(_claims(more="x" * MAX_TOKEN_SIZE))) is ErrorCode.TOKEN_INVALID


@given(token=st.text(max_size=80))
def test_any_text_is_invalid(token: str) -> None:
    assert _refused(token) is ErrorCode.TOKEN_INVALID


@given(parts=st.lists(st.binary(max_size=30), min_size=3, max_size=3))
def test_any_three_parts_are_invalid(parts: list[bytes]) -> None:
    assert _refused(".".join(_encode(part) for part in parts)) is ErrorCode.TOKEN_INVALID


@given(header=st.dictionaries(st.sampled_from(["alg", "typ", "crit", "b64", "kid"]), st.text()))
def test_any_header_is_invalid(header: dict[str, str]) -> None:
    assert _refused(f"{_encode(header)}.{_encode(_claims())}.AAAA") is ErrorCode.TOKEN_INVALID


@given(position=st.integers(min_value=0), replacement=st.characters(codec="ascii"))
def test_token_with_one_other_character_is_invalid_or_the_same(
    position: int, replacement: str
) -> None:
    token = _sign(_claims())
    place = position % len(token)
    changed = token[:place] + replacement + token[place + 1 :]

    outcome: Claims | ErrorCode
    try:
        outcome = _verify(changed)
    except RefusedError as error:
        outcome = error.code

    # The last character of a part has bits that carry nothing.
    assert outcome in (ErrorCode.TOKEN_INVALID, _verify(token))


def test_roles_are_the_documented_three() -> None:
    assert [parse_role(text) for text in ("publish", "subscribe", "call")] == list(Role)


@pytest.mark.parametrize("value", ["", "Publish", "admin", "caller", None, 1, [], {}])
def test_unknown_role_is_refused(value: object) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_role(value)

    assert caught.value.code is ErrorCode.INVALID_ROLE


def test_uuid_has_one_spelling() -> None:
    assert is_uuid(_ROOM)
    for text in (_ROOM.upper(), _ROOM.replace("-", ""), f"{{{_ROOM}}}", _ROOM + "\n", ""):
        assert not is_uuid(text)
