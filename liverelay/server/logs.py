"""Log lines for people (`INFO message`) or machines (one JSON object each), without secrets.

Keys and tokens must never reach a log. Nothing logs them on purpose; the formatter masks whatever
looks like one, so that an exception's text or a library's message cannot leak it either.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from typing_extensions import override

from liverelay.config import LogFormat

if TYPE_CHECKING:
    from types import TracebackType

    from liverelay.config import LogLevel

    ExcInfo = (
        tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    )

# The request that the current task serves; empty outside requests.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# The logger of what was promised to be said at every level: without the address and the first key
# nobody could use the server.
ANNOUNCEMENTS = "liverelay.announcements"

# Marks the one record that is documented to show a key: `extra=SHOWS_KEY`.
SHOWS_KEY = {"shows_key": True}

# More than two dots too: a token that follows another without a gap must not keep its tail.
_SECRETS = re.compile(r"(lr_[0-9a-f]{5})[0-9a-f]{27}|(eyJ[\w-]{5})[\w-]*(?:\.[\w-]*){2,}")


def mask_secrets(text: str) -> str:
    """Return `text` with keys and tokens cut down to what identifies them."""
    return _SECRETS.sub(lambda match: (match[1] or match[2]) + "…", text)


class TextFormatter(logging.Formatter):
    """`LEVEL message`, as the documentation shows; a request's lines carry its id."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname} {_message(record)}"
        if current := request_id.get():
            line += f" request={current}"
        if record.exc_info:
            # Indented, so that a line inside an exception's text cannot pose as a log line.
            lines = _exception(self, record.exc_info)
            line += "".join(f"\n  {part}" for part in lines)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and request_id, exception if any."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if current := request_id.get():
            line["request_id"] = current
        if record.exc_info:
            line["exception"] = "\n".join(_exception(self, record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    text = _printable(record.getMessage().replace("\n", " "))
    return text if getattr(record, "shows_key", False) else mask_secrets(text)


def _exception(formatter: logging.Formatter, exc_info: ExcInfo) -> list[str]:
    text = mask_secrets(formatter.formatException(exc_info))
    return [_printable(line) for line in text.split("\n")]


def _printable(text: str) -> str:
    """Return `text` without what could move the cursor, reverse the reading or not be encoded."""
    return "".join(character if character.isprintable() else "?" for character in text)


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes log lines, and drops them once nobody reads: `liverelay serve | head -2`."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handleError(record)


def configure_logging(
    level: LogLevel, log_format: LogFormat, stream: TextIO | None = None
) -> logging.Handler:
    """Send every log line to `stream` (standard output by default) and return the handler."""
    handler = LogHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("liverelay").setLevel(level.upper())
    logging.getLogger(ANNOUNCEMENTS).setLevel(logging.INFO)
    return handler
