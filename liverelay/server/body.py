"""Reading a request's JSON body without trusting it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.tokens import MAX_TTL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

MAX_BODY_SIZE = 256 * 1024

# Enough for 256 KiB over a link of 250 kbit/s.
_BODY_TIMEOUT = 10.0


async def read_json_object(request: web.Request) -> Mapping[str, object]:
    """Return the object that the body holds; unknown fields are the caller's to ignore.

    Raises:
        RefusedError: `invalid_request` or `payload_too_large`.
    """
    if (request.content_length or 0) > MAX_BODY_SIZE:
        raise _too_large()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            raw = await request.read()
    except TimeoutError:
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"Body did not arrive within {_BODY_TIMEOUT:.0f} s"
        ) from None
    try:
        # RecursionError: a body of nothing but opening brackets.
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedError(ErrorCode.INVALID_REQUEST, "Body is not valid JSON") from None
    if not isinstance(body, dict):
        raise RefusedError(ErrorCode.INVALID_REQUEST, "Body must be a JSON object")
    return body


def require_text(body: Mapping[str, object], name: str) -> str:
    """Return a string that the body must hold.

    Raises:
        RefusedError: `invalid_request`.
    """
    value = body.get(name)
    if not isinstance(value, str):
        what = "must be a string" if name in body else "is missing"
        raise RefusedError(ErrorCode.INVALID_REQUEST, f"{name} {what}")
    return value


def read_ttl(body: Mapping[str, object], default: int) -> int:
    """Return the lifetime in seconds that the body asks for, or `default`.

    Raises:
        RefusedError: `invalid_request`.
    """
    value = body.get("ttl_secs", default)
    if type(value) is not int or not 1 <= value <= MAX_TTL:
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"ttl_secs must be a whole number from 1 to {MAX_TTL}"
        )
    return value


def _too_large() -> RefusedError:
    return RefusedError(ErrorCode.PAYLOAD_TOO_LARGE, f"Body may have at most {MAX_BODY_SIZE} bytes")
