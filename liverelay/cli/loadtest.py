"""`liverelay loadtest`: what a server carries, seen by its viewers."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from liverelay.cli.output import (
    print_error,
    print_fields,
    print_hint,
    print_json,
    print_warning,
)
from liverelay.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from liverelay.loadtest.figures import Lows, Spread
    from liverelay.loadtest.result import Result, Thresholds
    from liverelay.loadtest.run import LoadTest, Plan, Progress

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
    if room is None and publishers == 0:
        raise ConfigError("nobody would publish: give --publishers, or the --room of one who does")
    if room is not None and publishers > 1:
        raise ConfigError("a room takes one publisher; leave --room out to get a room for each")
    shape = VideoShape.of_bitrate(1000 * bitrate)
    plan = Plan(room, publishers, subscribers, duration, ramp, shape)
    thresholds = Thresholds(max_loss, min_connected, max_latency, max_first_media, min_bitrate)
    result, signal_number = asyncio.run(_run(url, key, plan, verifies=not insecure))
    if result is not None and as_json:
        # Thresholds are for whole tests.
        missed = None if result.is_interrupted else thresholds.missed(result)
        print_json({**result.to_json(), "missed": missed})
    elif result is not None:
        print_fields(_fields(result))
    if result is None or result.is_interrupted:
        raise typer.Exit(128 + signal_number)  # as shells have it
    _judge(result, thresholds)


async def _run(url: str, key: str, plan: Plan, *, verifies: bool) -> tuple[Result | None, int]:
    """Run the test; return what it found, and the signal that has ended it or 0."""
    import aiohttp
    from rich.console import Console

    from liverelay.loadtest.api import ServerApi
    from liverelay.loadtest.run import LoadTest

    console = Console(stderr=True)
    connector = aiohttp.TCPConnector(ssl=verifies)
    async with aiohttp.ClientSession(connector=connector) as http:
        with _shown(console, plan) as show:
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


@contextmanager
def _shown(console: Console, plan: Plan) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows progress, if there is a terminal to show it on."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("connecting") as status:
        yield lambda now: status.update(_progress(now, plan))


def _progress(now: Progress, plan: Plan) -> str:
    return (
        f"{now.stage} {now.elapsed:.0f} of {now.total:g} s: {now.connected} of {plan.subscribers} "
        f"connected, {now.failed} failed, {now.bitrate_bps / 1e6:.1f} Mbit/s, "
        f"{now.loss_percent:.2f} % lost"
    )


def _fields(result: Result) -> list[tuple[str, object]]:
    failures = ", ".join(f"{count} x {reason}" for reason, count in result.failures.items())
    return [
        ("connected", f"{result.connected} of {result.subscribers}"),
        ("with media", f"{result.with_media} of {result.subscribers}"),
        ("stalled", f"{result.stalled} got nothing at the end" if result.stalled else "none"),
        ("failed", failures or "none"),
        ("packets", f"{result.packets} in {result.seconds:.1f} s"),
        ("bitrate", f"{result.bitrate_bps / 1e6:.2f} Mbit/s to all"),
        ("to each", _lows_text(result.viewer_bitrate)),
        ("loss", f"{result.loss_percent:.3f} %"),
        ("answer", _spread_text(result.answer)),
        ("first media", _spread_text(result.first_media)),
        ("latency", _spread_text(result.latency)),
        ("own CPU", f"{100 * result.own_cpu:.0f} % of a core"),
    ]


def _spread_text(spread: Spread | None) -> str:
    if spread is None:
        return "not measured"
    in_ms = spread.scaled(1000)
    return f"{in_ms.p50:.1f} ms p50, {in_ms.p99:.1f} ms p99, {in_ms.maximum:.1f} ms max"


def _lows_text(lows: Lows | None) -> str:
    if lows is None:
        return "not measured"
    return f"{lows.p50:.0f} kbit/s p50, {lows.p1:.0f} kbit/s p1, {lows.minimum:.0f} kbit/s min"


def _judge(result: Result, thresholds: Thresholds) -> None:
    if result.own_cpu > 0.8:
        print_hint(
            "This test took most of a core: latency and loss are partly its own. Run it elsewhere, "
            "or several of them with --publishers 0 and the same --room."
        )
    missed = thresholds.missed(result)
    for sentence in missed:
        print_error(sentence)
    if missed:
        raise typer.Exit(1)
