"""Who is asking: an API key for `/v1`, a join token for `/sfu`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay import tokens
from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.context import CONTEXT, now
from liverelay.utc import unix_now

if TYPE_CHECKING:
    from aiohttp import web

    from liverelay.store.records import ApiKey


def require_api_key(request: web.Request) -> ApiKey:
    """Return the live key that the request carries.

    A right key is always served. An address that sent too many wrong ones only has its further
    wrong ones refused without a look: many backends share an address behind a proxy, and none of
    them may lock out the others (docs/adr/003).

    Raises:
        RefusedError: `auth_header_missing`, `api_key_invalid` or `rate_limited`.
    """
    context = request.app[CONTEXT]
    presented = bearer(request)
    try:
        return context.catalogue.require_key(presented)
    except RefusedError:
        wait = context.key_failures.record_failure(request.remote or "", now())
        if wait is None:
            raise
        raise RefusedError(
            ErrorCode.RATE_LIMITED, "Too many wrong API keys from this address", retry_after=wait
        ) from None


def require_token(request: web.Request) -> tokens.Claims:
    """Return the claims of the join token that the request carries.

    Raises:
        RefusedError: `auth_header_missing`, `token_invalid` or `token_expired`.
    """
    context = request.app[CONTEXT]
    return tokens.verify(
        bearer(request),
        context.token_secret,
        now=unix_now(),
        is_live_key=context.catalogue.is_live_key,
    )


def bearer(request: web.Request) -> str:
    """Return what the request authenticates with.

    Raises:
        RefusedError: `auth_header_missing`.
    """
    # RFC 6750 section 2.1: the scheme, one space, one token; the scheme's case does not matter.
    scheme, _, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not credentials or " " in credentials:
        raise RefusedError(ErrorCode.AUTH_HEADER_MISSING)
    return credentials
