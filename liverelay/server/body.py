"""Reading a request's JSON body without trusting it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.context import CONTEXT
from liverelay.tokens import MAX_TTL

if TYPE_CHECKING:
    from collections.abc import Mapping

# An offer with a dozen codecs and simulcast is about 10 KiB; nothing else comes near.
MAX_BODY_SIZE = 256 * 1024


async def read_json_object(request: web.Request) -> Mapping[str, object]:
    """Return the object that the body holds; unknown fields are the caller's to ignore.

    Raises:
        RefusedError: `invalid_request` or `payload_too_large`.
    """
    raw = await _read(request)
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
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 60 and 60.0 are the same.
    if type(value) is not int or not 1 <= value <= MAX_TTL:
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"ttl_secs must be a whole number from 1 to {MAX_TTL}"
        )
    return value


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY_SIZE:
        raise _too_large()
    if "Content-Encoding" in request.headers:
        # Inflating what a stranger sends is an amplifier, and no body here is worth compressing.
        raise RefusedError(ErrorCode.INVALID_REQUEST, "Body must not be compressed")
    context = request.app[CONTEXT]
    timeout, is_here = context.deadlines.body, request.content.is_eof()
    try:
        async with asyncio.timeout(timeout):
            raw = await request.read()
    except TimeoutError:
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"Body did not arrive within {timeout:g} s"
        ) from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except (web.RequestPayloadError, ConnectionError):
        # Broken chunks, or a client that went away: nobody reads this answer.
        raise RefusedError(ErrorCode.INVALID_REQUEST, "Body ended early") from None
    if not is_here:
        # The turn in which the request was begun with is over.
        await context.worker.turnstile.enter()
    return raw


def _too_large() -> RefusedError:
    return RefusedError(ErrorCode.PAYLOAD_TOO_LARGE, f"Body may have at most {MAX_BODY_SIZE} bytes")
