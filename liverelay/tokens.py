"""Join tokens: JSON Web Tokens (RFC 7519) that let a peer into one room in one role.

A token carries exactly the six documented claims and is signed with HS256 and the store's secret.
The algorithm is pinned: whatever a token's own header says is never trusted (RFC 8725 section 3.1).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHM = "HS256"
CLAIMS = ("sub", "room_id", "role", "key_id", "exp", "iat")

# The `key_id` of tokens made by the command line without --key-id: whoever can read the store
# could sign any token, so no API key stands behind these.
LOCAL_KEY_ID = "local"

# A year. Longer-lived secrets should be API keys, which can be revoked one by one.
MAX_TTL = 31_536_000

# Three times as long as those that are made here.
MAX_TOKEN_SIZE = 1024

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Role(StrEnum):
    """What a token lets its peer do."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token; `exp` and `iat` are seconds since 1970."""

    sub: str
    room_id: str
    role: Role
    key_id: str
    exp: int
    iat: int


def is_uuid(text: str) -> bool:
    """Return whether `text` is a UUID in the one spelling that LiveRelay writes."""
    return _UUID.fullmatch(text) is not None


def parse_role(value: object) -> Role:
    """Return the role named `value`.

    Raises:
        RefusedError: `invalid_role`.
    """
    try:
        return Role(value)  # type: ignore[arg-type]
    except ValueError:
        raise RefusedError(ErrorCode.INVALID_ROLE) from None


def mint(secret: bytes, *, room_id: str, role: Role, key_id: str, ttl: int, now: int) -> str:
    """Return a token for a new peer; `ttl` in seconds, `now` in seconds since 1970."""
    import jwt

    claims = {
        "sub": str(uuid.uuid4()),
        "room_id": room_id,
        "role": role.value,
        "key_id": key_id,
        "exp": now + ttl,
        "iat": now,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verify(token: str, secret: bytes, *, now: int, is_live_key: Callable[[str], bool]) -> Claims:
    """Return the claims of a token that may be used at `now`.

    A revoked key is told before an expired token, so that revocation always answers the same.

    Raises:
        RefusedError: `token_invalid` or `token_expired`.
    """
    if len(token) > MAX_TOKEN_SIZE:
        raise RefusedError(ErrorCode.TOKEN_INVALID)
    import jwt

    # Expiry is checked below against `now`, the form of the claims by `_read_claims`.
    options: jwt.types.Options = {
        "require": list(CLAIMS),
        "verify_exp": False,
        "verify_iat": False,
        "verify_sub": False,
    }
    try:
        payload = jwt.decode(token, secret, algorithms=[ALGORITHM], options=options)
    except (jwt.PyJWTError, ValueError, RecursionError):
        # PyJWT lets through what bytes outside UTF-8 and a header of nothing but brackets raise.
        raise RefusedError(ErrorCode.TOKEN_INVALID) from None
    claims = _read_claims(payload)
    if not is_live_key(claims.key_id):
        raise RefusedError(ErrorCode.TOKEN_INVALID)
    if claims.exp <= now:
        raise RefusedError(ErrorCode.TOKEN_EXPIRED)
    return claims


def _read_claims(payload: Mapping[str, object]) -> Claims:
    sub, room_id, role, key_id, exp, iat = (payload[name] for name in CLAIMS)
    if (
        isinstance(sub, str)
        and isinstance(room_id, str)
        and isinstance(role, str)
        and isinstance(key_id, str)
        and type(exp) is int
        and type(iat) is int
        and is_uuid(sub)
        and role in set(Role)
    ):
        return Claims(sub, room_id, Role(role), key_id, exp, iat)
    raise RefusedError(ErrorCode.TOKEN_INVALID)
