"""Every error leaves the server in one shape: `{"error": code, "message": sentence}`."""

from __future__ import annotations

from aiohttp import web

from liverelay.errors import ErrorCode, RefusedError

_CODE_BY_STATUS = {
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
}


def error_body(code: ErrorCode, message: str) -> dict[str, str]:
    return {"error": code.value, "message": message}


def error_response(error: RefusedError) -> web.Response:
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 15.5.2 asks for a challenge.
    return web.json_response(
        error_body(error.code, error.message), status=error.code.status, headers=headers
    )


def from_http_exception(error: web.HTTPException) -> web.Response:
    """Return aiohttp's own refusal (no such route, wrong method, body too large) in our shape."""
    code = _CODE_BY_STATUS.get(error.status)
    if code is None:
        code = ErrorCode.INTERNAL_ERROR if error.status >= 500 else ErrorCode.INVALID_REQUEST
    response = error_response(RefusedError(code))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
