"""What could keep media from flowing on this machine, found out before a viewer does.

Each check says what it saw and, where something is wrong, what to change.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from liverelay.errors import ConfigError, ListenError
from liverelay.server.listen import load_tls
from liverelay.server.tasks import TaskSet
from liverelay.server.udp import BUFFER_SIZE, UdpPort
from liverelay.transport.addresses import (
    IpAddress,
    announced_addresses,
    bound_addresses,
    only_local,
)
from liverelay.transport.dtls import ServerCertificate
from liverelay.transport.ice import generate_credentials
from liverelay.transport.mux import Mux
from liverelay.transport.peer_transport import SessionParameters
from liverelay.transport.probe import BindingProbe

if TYPE_CHECKING:
    from liverelay.config import Settings
    from liverelay.transport.counters import CloseReason
    from liverelay.transport.types import Address

_CHECK_TIMEOUT = 1.0

# A socket for each open HTTP connection, and some for files; media needs none of its own.
_WANTED_FILES = 4096

# linux/udp.h; the socket module has no name for it.
_SOL_UDP, _UDP_SEGMENT = 17, 103


class Level(StrEnum):
    """How bad it is: `fail` keeps the server or its media from working at all."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `advice` is empty if there is nothing to change."""

    check: str
    level: Level
    detail: str
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)


async def examine(settings: Settings) -> list[Finding]:
    """Run every check and return what they found, in the order in which to act on it."""
    try:
        addresses = announced_addresses(settings.public_address)
    except ConfigError as error:
        return [Finding("address", Level.FAIL, str(error), "Correct --public-address.")]
    findings = [_check_reach(addresses)]
    try:
        port = settings.udp_port if settings.udp_port is not None else settings.port
        udp = UdpPort(port, bound_addresses(addresses, settings.public_address))
    except ListenError as error:
        advice = "Stop what uses it (a running LiveRelay server?), or choose another --udp-port."
        findings.append(Finding("udp port", Level.FAIL, str(error), advice))
    else:
        findings.append(Finding("udp port", Level.OK, f"UDP port {udp.port} can be bound"))
        findings += await _check_addresses(udp, addresses)
        findings.append(_check_buffers(udp))
    findings.append(_check_files())
    findings.append(_check_segmentation())
    findings.append(_check_tls(settings))
    return findings


def examine_running(settings: Settings, addresses: list[IpAddress], udp: UdpPort) -> list[Finding]:
    """Run the checks that a server can run on itself, which send nothing."""
    return [
        _check_reach(addresses),
        _check_buffers(udp),
        _check_files(),
        _check_segmentation(),
        _check_tls(settings),
    ]


def _check_reach(addresses: list[IpAddress]) -> Finding:
    shown = ", ".join(map(str, addresses))
    if only_local(addresses):
        return Finding(
            "address",
            Level.WARN,
            f"only private or loopback addresses are announced: {shown}",
            "For viewers on the internet give --public-address ADDRESS.",
        )
    return Finding("address", Level.OK, f"announced: {shown}")


async def _check_addresses(udp: UdpPort, addresses: list[IpAddress]) -> list[Finding]:
    """Send a connectivity check to each announced address and see whether we get it ourselves."""
    tasks = TaskSet()
    mux = Mux(udp.send, certificate=ServerCertificate(), start_task=tasks.start)
    udp.start(_Responder(mux))
    try:
        return [await _check_address(mux, address, udp.port) for address in addresses]
    finally:
        mux.close()
        await tasks.close()
        udp.close()


class _Responder:
    """Answers connectivity checks, and has no media to send."""

    def __init__(self, mux: Mux) -> None:
        self._mux = mux

    def receive(self, datagram: bytes, address: Address, now: float) -> bool:
        self._mux.receive(datagram, address, now)
        return True

    def settle(self, now: float) -> None:
        pass


async def _check_address(mux: Mux, address: IpAddress, port: int) -> Finding:
    loop = asyncio.get_running_loop()
    credentials = generate_credentials()
    parameters = SessionParameters(credentials, setup="passive", fingerprints=())
    mux.open(parameters, _NoMedia(), loop.time())
    binding = BindingProbe(credentials)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    name = f"media on {address}"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT):
                await loop.sock_sendto(probe, binding.request, (str(address), port))
                while not binding.reflexive_address(await loop.sock_recv(probe, 2048)):
                    pass
        except TimeoutError:
            return Finding(
                name,
                Level.WARN,
                f"no answer from {address} UDP port {port}",
                f"Open UDP port {port} in firewalls and forward it on the router. (Some routers "
                "cannot reach their own public address from inside: then try from elsewhere.)",
            )
        except OSError as error:
            return Finding(
                name, Level.FAIL, f"{address}: {error.strerror}", "Correct --public-address."
            )
    return Finding(name, Level.OK, f"UDP port {port} answers connectivity checks")


def _check_buffers(udp: UdpPort) -> Finding:
    detail = f"socket buffers of {udp.buffer_size // 1024} KiB"
    if udp.buffer_size >= BUFFER_SIZE:
        return Finding("socket buffers", Level.OK, detail)
    return Finding(
        "socket buffers",
        Level.WARN,
        f"{detail}, {BUFFER_SIZE // 1024} KiB wanted: bursts to many viewers may lose packets",
        f"sysctl -w net.core.rmem_max={BUFFER_SIZE} net.core.wmem_max={BUFFER_SIZE}",
    )


def _check_files() -> Finding:
    # A server raises its own limit as far as it may.
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return Finding("open files", Level.OK, "no limit of open files")
    if limit >= _WANTED_FILES:
        return Finding("open files", Level.OK, f"limit of {limit} open files")
    return Finding(
        "open files",
        Level.WARN,
        f"limit of {limit} open files: fewer HTTP connections than viewers may ask for",
        f"ulimit -n {_WANTED_FILES} (systemd: LimitNOFILE={_WANTED_FILES})",
    )


def _check_segmentation() -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(_SOL_UDP, _UDP_SEGMENT, 1200)
        except OSError:
            return Finding(
                "udp segmentation",
                Level.WARN,
                f"the kernel has no UDP GSO ({sys.platform}): sending costs more CPU",
                "Run on Linux 4.18 or newer for many viewers.",
            )
    return Finding("udp segmentation", Level.OK, "the kernel has UDP GSO")


def _check_tls(settings: Settings) -> Finding:
    try:
        is_secure = load_tls(settings) is not None
    except ConfigError as error:
        return Finding("https", Level.FAIL, str(error), "Correct --tls-cert and --tls-key.")
    if is_secure:
        return Finding("https", Level.OK, "pages are served over HTTPS")
    return Finding(
        "https",
        Level.WARN,
        "pages are served over plain HTTP: browsers give them no camera, except on localhost",
        "Give --tls-cert and --tls-key, or put a proxy with TLS in front.",
    )


class _NoMedia:
    """The sink of a session that is only ever checked."""

    def on_rtp(self, packet: bytes, now: float) -> None: ...
    def on_rtcp(self, packet: bytes, now: float) -> None: ...
    def on_connected(self, now: float) -> None: ...
    def on_path_restored(self, now: float) -> None: ...
    def on_closed(self, reason: CloseReason, detail: str) -> None: ...
