"""`liverelay loadtest`: what a server carries, seen by its viewers."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from liverelay.cli.output import (
    print_error,
    print_fields,
    print_json,
    print_warning,
)
from liverelay.errors import ConfigError
from liverelay.store.keys import is_api_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.loadtest.result import Result, Thresholds
    from liverelay.loadtest.run import LoadTest, Plan

KEY_VARIABLE = "LIVERELAY_API_KEY"

_MAX_CLIENTS = 2000


def _number(help_text: str, metavar: str, least: float, most: float | None = None) -> Any:  # noqa: ANN401  (as typer.Option itself)
    return typer.Option(min=least, max=most, metavar=metavar, help=help_text, show_default=False)


UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="The server, as http://host:8080.")]
RoomOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROOM_ID",
        help="Room to load. Unset: a new one for each publisher, deleted afterwards.",
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        envvar=KEY_VARIABLE,
        show_envvar=False,
        metavar="KEY",
        help=f"API key of the server (default: {KEY_VARIABLE} of the environment).",
    ),
]
PublishersOption = Annotated[
    int, _number("Peers that publish; 0 watches who does (default: 1).", "NUMBER", 0, 100)
]
SubscribersOption = Annotated[
    int, _number("Peers that watch (default: 10).", "NUMBER", 1, _MAX_CLIENTS)
]
DurationOption = Annotated[
    float, _number("How long to measure when all have joined (default: 30).", "SECONDS", 0.5)
]
RampOption = Annotated[
    float, _number("Time over which the viewers join (default: 5).", "SECONDS", 0)
]
BitrateOption = Annotated[
    int, _number("Video bitrate of a publisher (default: 2000).", "KBPS", 50, 50_000)
]
MaxLossOption = Annotated[
    float | None, _number("Fail if more packets are lost.", "PERCENT", 0, 100)
]
MinConnectedOption = Annotated[
    float | None, _number("Fail if fewer viewers get media at the end.", "PERCENT", 0, 100)
]
MaxLatencyOption = Annotated[
    float | None, _number("Fail if latency is higher (99th percentile).", "MS", 0)
]
MaxFirstMediaOption = Annotated[
    float | None, _number("Fail if the first packet is later (99th percentile).", "MS", 0)
]
MinBitrateOption = Annotated[
    float | None, _number("Fail if a viewer gets less (1st percentile).", "KBPS", 0)
]
InsecureOption = Annotated[
    bool, typer.Option("--insecure", help="Accept any certificate, such as a self-signed one.")
]
ResultJsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def loadtest(
    url: UrlArgument,
    room: RoomOption = None,
    key: KeyOption = None,
    publishers: PublishersOption = 1,
    subscribers: SubscribersOption = 10,
    duration: DurationOption = 30.0,
    ramp: RampOption = 5.0,
    bitrate: BitrateOption = 2000,
    max_loss: MaxLossOption = None,
    min_connected: MinConnectedOption = None,
    max_latency: MaxLatencyOption = None,
    max_first_media: MaxFirstMediaOption = None,
    min_bitrate: MinBitrateOption = None,
    insecure: InsecureOption = False,
    as_json: ResultJsonOption = False,
) -> None:
    """Load a server with real WebRTC clients and report what arrives; exit 1 below a threshold."""
    import asyncio

    from liverelay.loadtest.result import Thresholds
    from liverelay.loadtest.run import Plan
    from liverelay.loadtest.source import VideoShape

    if not key:
        raise ConfigError(f"an API key is needed: --key, or {KEY_VARIABLE} in the environment")
    if not is_api_key(key):
        raise ConfigError(f"not an API key: --key, or {KEY_VARIABLE} in the environment")
    if room is None and publishers == 0:
        raise ConfigError("nobody would publish: give --publishers, or the --room of one who does")
    if room is not None and publishers > 1:
        raise ConfigError("a room takes one publisher; leave --room out to get a room for each")
    shape = VideoShape.of_bitrate(1000 * bitrate)
    plan = Plan(room, publishers, subscribers, duration, ramp, shape)
    thresholds = Thresholds(max_loss, min_connected, max_latency, max_first_media, min_bitrate)
    result, signal_number = asyncio.run(_run(url, key, plan, verifies=not insecure))
    if result is not None:
        _print(result, thresholds, as_json=as_json)
    if result is None or result.is_interrupted:
        raise typer.Exit(128 + signal_number)  # as shells have it
    _judge(result, thresholds)


async def _run(url: str, key: str, plan: Plan, *, verifies: bool) -> tuple[Result | None, int]:
    """Run the test; return what it found, and the signal that has ended it or 0."""
    import aiohttp

    from liverelay.cli.loadtest_view import shown_progress
    from liverelay.loadtest.api import ServerApi
    from liverelay.loadtest.run import LoadTest

    connector = aiohttp.TCPConnector(ssl=verifies)
    async with aiohttp.ClientSession(connector=connector) as http:
        with shown_progress(plan) as show:
            test = LoadTest(ServerApi(http, url, key), plan, show)
            with _stopped_by_signals(test) as received:
                try:
                    result = await test.run()
                finally:
                    for room_id in test.rooms_left:
                        print_warning(f"{room_id} was left behind: the room could not be deleted")
    return result, received[0] if received else 0


@contextmanager
def _stopped_by_signals(test: LoadTest) -> Iterator[list[int]]:
    """Stop `test` at the first signal, and let a second end it as any program; yield the first."""
    import asyncio

    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        restore()
        test.stop()

    def restore() -> None:
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, on_signal, each)
    try:
        yield received
    finally:
        restore()


def _print(result: Result, thresholds: Thresholds, *, as_json: bool) -> None:
    from liverelay.cli.loadtest_view import fields

    if as_json:
        # Thresholds are for whole tests.
        missed = None if result.is_interrupted else thresholds.missed(result)
        print_json({**result.to_json(), "missed": missed})
    else:
        print_fields(fields(result))
    if result.own_cpu > 0.8:
        print_warning(
            "this test took most of a core: latency and loss are partly its own. Run it elsewhere, "
            "or several of them with --publishers 0 and the same --room."
        )


def _judge(result: Result, thresholds: Thresholds) -> None:
    missed = thresholds.missed(result)
    for sentence in missed:
        print_error(sentence)
    if missed:
        raise typer.Exit(1)
