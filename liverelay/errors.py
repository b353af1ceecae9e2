"""Every exception LiveRelay raises on purpose, and every error code it answers with.

The split is by who can act on it. A `RefusedError` tells the caller of the API or the CLI which
documented rule stood in the way. A `RemoteError` is a peer's doing: count it, perhaps drop the
peer, never log a traceback. A `ConfigError`, `StoreError` or `ListenError` is the operator's: print
one line and exit. Anything else that escapes is our bug and must surface.
"""

from __future__ import annotations

from enum import Enum


class ErrorCode(Enum):
    """The codes of the documentation and the contract, each with its HTTP status and message.

    The value is the code as it appears in `{"error": code, "message": …}`.
    """

    status: int
    message: str

    AUTH_HEADER_MISSING = ("auth_header_missing", 401, "Authorization header is missing")
    API_KEY_INVALID = ("api_key_invalid", 401, "API key is not valid")
    TOKEN_INVALID = ("token_invalid", 401, "Token signature is invalid")
    TOKEN_EXPIRED = ("token_expired", 401, "Token has expired")
    ROLE_INSUFFICIENT = ("role_insufficient", 403, "Token role cannot perform this action")
    ROOM_NOT_FOUND = ("room_not_found", 404, "Room does not exist")
    ROOM_FULL = ("room_full", 409, "Room has reached publisher limit")
    NO_PUBLISHER_AVAILABLE = ("no_publisher_available", 404, "Room has no active publisher")
    INVALID_ROLE = ("invalid_role", 400, "Invalid role value")
    ROOM_TYPE_MISMATCH = ("room_type_mismatch", 400, "Wrong room type for this endpoint")
    INVALID_SDP = ("invalid_sdp", 400, "Malformed SDP offer")
    CODEC_MISMATCH = ("codec_mismatch", 400, "Offer has none of the codecs being published")
    SESSION_ENDED = ("session_ended", 409, "Session was ended by the server")
    SESSION_MISMATCH = ("session_mismatch", 409, "Offer is not one of this session")
    PEER_CONNECTION_FAILED = ("peer_connection_failed", 500, "WebRTC connection setup failed")
    INVALID_REQUEST = ("invalid_request", 400, "Request is not valid")
    NOT_FOUND = ("not_found", 404, "No such resource")
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, "Method is not allowed here")
    PAYLOAD_TOO_LARGE = ("payload_too_large", 413, "Request body is too large")
    RATE_LIMITED = ("rate_limited", 429, "Too many failed attempts")
    UNAVAILABLE = ("unavailable", 503, "Server cannot take this request now")
    INTERNAL_ERROR = ("internal_error", 500, "Internal server error")

    def __new__(cls, code: str, status: int, message: str) -> ErrorCode:
        member = object.__new__(cls)
        member._value_ = code
        member.status = status
        member.message = message
        return member


class LiveRelayError(Exception):
    """Base class; catch this only at the outermost edge."""


class RefusedError(LiveRelayError):
    """What was asked for is refused, with a documented code.

    `message` defaults to the code's documented sentence. `retry_after` is in seconds and becomes
    the `Retry-After` header.
    """

    def __init__(
        self, code: ErrorCode, message: str | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message or code.message)
        self.code = code
        self.message = message or code.message
        self.retry_after = retry_after


class ConfigError(LiveRelayError):
    """The operator's configuration is unusable."""


class StoreError(LiveRelayError):
    """The data directory is unusable: a damaged file, or one that cannot be read or written."""


class DiskFullError(StoreError):
    """A file of the store cannot be written, because the disk or a quota has no room for it."""


class ListenError(LiveRelayError):
    """An address or port cannot be listened on, for example because another program does."""


class OutputError(LiveRelayError):
    """Standard output cannot be written."""


class ReaderGoneError(OutputError):
    """Standard output is a pipe that nobody reads any more, mostly because they have enough."""


class UnreachableError(LiveRelayError):
    """A server that a command talks to cannot be reached, or is no LiveRelay server."""


class RemoteError(LiveRelayError):
    """The remote peer broke a protocol."""


class MalformedPacketError(RemoteError):
    """A datagram could not be parsed."""


class SdpError(RemoteError):
    """A session description could not be parsed or cannot be served; the text says why."""


class CodecMismatchError(SdpError):
    """The offer has none of the codecs that are being published; `needed` describes those."""

    def __init__(self, needed: tuple[str, ...]) -> None:
        super().__init__(f"The offer lacks what is being published: {', '.join(needed)}")
        self.needed = needed


class SessionMismatchError(SdpError):
    """An offer for a living session that changes more than its ICE credentials."""


class TransportError(LiveRelayError):
    """Our own side of a connection cannot be set up."""
