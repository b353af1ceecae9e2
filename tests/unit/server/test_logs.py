from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.config import LogFormat, LogLevel
from liverelay.server import logs
from liverelay.server.logs import JsonFormatter, TextFormatter, configure_logging, mask_secrets
from liverelay.tokens import Role, mint

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"
ROOM = "8271274b-fc62-4b73-98c5-40e28b7a1b81"
TOKEN = mint(b"k" * 64, room_id=ROOM, role=Role.PUBLISH, key_id="lr_aebfc", ttl=60, now=0)
FORMATTERS: list[logging.Formatter] = [TextFormatter(), JsonFormatter()]

keys = st.text("0123456789abcdef", min_size=32, max_size=32).map("lr_".__add__)
tokens = st.builds(
    lambda secret, ttl: mint(
        secret, room_id=ROOM, role=Role.CALL, key_id="lr_aebfc", ttl=ttl, now=0
    ),
    st.binary(min_size=32, max_size=64),
    st.integers(1, 10**9),
)


def make_record(
    message: str, *args: object, error: BaseException | None = None, shows_key: bool = False
) -> logging.LogRecord:
    exc_info = (type(error), error, None) if error is not None else None
    record = logging.LogRecord("liverelay.x", logging.INFO, "x.py", 1, message, args, exc_info)
    if shows_key:
        record.__dict__.update(logs.SHOWS_KEY)
    return record


def fail() -> None:
    raise RuntimeError("boom")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged, with the loggers restored afterwards."""
    stream = io.StringIO()
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, ("liverelay", logs.ANNOUNCEMENTS))]
    levels = [logger.level for logger in loggers]
    yield stream
    for handler in root.handlers[:]:
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
            root.removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("formatter", FORMATTERS)
@given(secret=keys | tokens, before=st.text(), after=st.text())
def test_no_log_line_shows_a_secret_in_its_message(
    formatter: logging.Formatter, secret: str, before: str, after: str
) -> None:
    line = formatter.format(make_record("%s", before + secret + after))

    assert secret not in line


@pytest.mark.parametrize("formatter", FORMATTERS)
@given(secret=keys | tokens, before=st.text(), after=st.text())
def test_no_log_line_shows_a_secret_in_an_exception(
    formatter: logging.Formatter, secret: str, before: str, after: str
) -> None:
    line = formatter.format(make_record("failed", error=ValueError(before + secret + after)))

    assert secret not in line


@given(secrets=st.lists(keys | tokens, min_size=1, max_size=4), gap=st.sampled_from(["", ".", " "]))
def test_secrets_that_follow_each_other_are_all_masked(secrets: list[str], gap: str) -> None:
    masked = mask_secrets("eyJaaaaa.b." + gap.join(secrets))

    tails = [secret[-20:] for secret in secrets]
    assert [tail for tail in tails if tail in masked] == []


def test_a_masked_secret_still_says_which_it_is() -> None:
    masked = mask_secrets(f"key {KEY} token {TOKEN} end")

    assert masked == "key lr_aebfc… token eyJhbGci… end"


@given(st.text())
def test_masking_changes_nothing_else(text: str) -> None:
    plain = text.replace("lr_", "").replace("eyJ", "")

    assert mask_secrets(plain) == plain


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_the_bootstrap_line_alone_shows_its_key(formatter: logging.Formatter) -> None:
    shown = formatter.format(make_record("Bootstrap API key: %s", KEY, shows_key=True))
    masked = formatter.format(make_record("Bootstrap API key: %s", KEY))

    assert f"Bootstrap API key: {KEY}" in shown
    assert KEY not in masked


def test_a_text_line_is_level_and_message() -> None:
    line = TextFormatter().format(make_record("LiveRelay SFU listening on %s", "http://x:8080"))

    assert line == "INFO LiveRelay SFU listening on http://x:8080"


def test_a_line_of_a_request_carries_its_id() -> None:
    reset = logs.request_id.set("abc")
    try:
        text = TextFormatter().format(make_record("room made"))
        parsed = json.loads(JsonFormatter().format(make_record("room made")))
    finally:
        logs.request_id.reset(reset)

    assert text == "INFO room made request=abc"
    assert parsed["request_id"] == "abc"


@given(message=st.text(), error=st.none() | st.text().map(ValueError))
def test_a_json_line_is_one_object_on_one_line(message: str, error: ValueError | None) -> None:
    line = JsonFormatter().format(make_record("%s", message, error=error))

    parsed = json.loads(line)
    assert len(line.splitlines()) == 1
    assert parsed["level"] == "INFO"
    assert parsed["logger"] == "liverelay.x"
    assert parsed["time"].endswith("+00:00")
    assert ("exception" in parsed) == (error is not None)


@given(st.text(st.characters()))
def test_a_message_cannot_forge_a_text_line(message: str) -> None:
    line = TextFormatter().format(make_record("from %s", message))

    assert len(line.splitlines()) == 1
    assert line.isprintable()


@given(st.text(st.characters()))
def test_an_exception_cannot_forge_a_text_line(message: str) -> None:
    line = TextFormatter().format(make_record("failed", error=ValueError(message)))

    first, *rest = line.splitlines()
    assert first == "INFO failed"
    assert all(part.startswith("  ") for part in rest)


@pytest.mark.parametrize("formatter", FORMATTERS)
@given(message=st.text(st.characters()))
def test_every_line_can_be_written(formatter: logging.Formatter, message: str) -> None:
    line = formatter.format(make_record("%s", message, error=ValueError(message)))

    assert line.encode()


def test_a_traceback_is_logged_with_its_frames() -> None:
    with pytest.raises(RuntimeError) as caught:
        fail()
    record = make_record("failed")
    record.exc_info = (caught.type, caught.value, caught.tb)

    lines = TextFormatter().format(record).splitlines()
    parsed = json.loads(JsonFormatter().format(record))

    assert lines[0] == "INFO failed"
    assert lines[1] == "  Traceback (most recent call last):"
    assert lines[-1] == "  RuntimeError: boom"
    assert parsed["exception"].endswith("RuntimeError: boom")


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (LogLevel.DEBUG, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        (LogLevel.INFO, ["INFO", "WARNING", "ERROR"]),
        (LogLevel.WARNING, ["WARNING", "ERROR"]),
        (LogLevel.ERROR, ["ERROR"]),
    ],
)
def test_the_level_decides_which_of_our_lines_are_shown(
    stream: io.StringIO, level: LogLevel, shown: list[str]
) -> None:
    configure_logging(level, LogFormat.TEXT, stream)
    own = logging.getLogger("liverelay.server")

    for name in ("DEBUG", "INFO", "WARNING", "ERROR"):
        own.log(logging.getLevelNamesMapping()[name], "x")

    assert stream.getvalue().split() == [word for name in shown for word in (name, "x")]


@pytest.mark.parametrize("level", LogLevel)
def test_announcements_are_shown_at_every_level(stream: io.StringIO, level: LogLevel) -> None:
    configure_logging(level, LogFormat.TEXT, stream)

    logging.getLogger(logs.ANNOUNCEMENTS).info("x")

    assert stream.getvalue() == "INFO x\n"


def test_lines_of_libraries_are_shown_from_warning_on(stream: io.StringIO) -> None:
    configure_logging(LogLevel.DEBUG, LogFormat.JSON, stream)

    logging.getLogger("aiohttp").info("chatter")
    logging.getLogger("aiohttp").warning("trouble")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["trouble"]
