"""The package's own client, recording what it gets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

from liverelay.transport import client
from liverelay.transport.client import RemoteEndpoint
from liverelay.transport.client_dtls import DEFAULT_PROFILES, ClientCertificate
from tests.support.identity import ecdsa_identity

if TYPE_CHECKING:
    from liverelay.transport.identity import Identity
    from liverelay.transport.types import Address

__all__ = ["DEFAULT_PROFILES", "MediaClient", "RemoteEndpoint"]


class MediaClient(client.MediaClient):
    """A client on loopback; plain packets are collected in `rtp` and `rtcp`."""

    def __init__(
        self,
        *,
        setup: str = "active",
        identity: Identity | None = None,
        profiles: bytes = DEFAULT_PROFILES,
        ciphers: bytes = b"DEFAULT",
        ip: str = "127.0.0.1",
        nominates: bool = True,
    ) -> None:
        certificate = ClientCertificate(
            identity or ecdsa_identity(), profiles=profiles, ciphers=ciphers
        )
        super().__init__(certificate, setup=setup, ip=ip, nominates=nominates)
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self._arrived = asyncio.Event()

    async def wait_for(self, *, rtp: int = 0, rtcp: int = 0, checks_answered: int = 0) -> None:
        """Wait until so many of each have come."""
        while (
            len(self.rtp) < rtp or len(self.rtcp) < rtcp or self.checks_answered < checks_answered
        ):
            self._arrived.clear()
            await self._arrived.wait()

    def restart(self, remote: RemoteEndpoint) -> None:
        """Check from another port with what the answer to a restart says; the keys stay."""
        self.remote = remote
        self.move(self.address[0])

    @override
    def receive(self, datagram: bytes, source: Address) -> None:
        super().receive(datagram, source)
        if self.checks_answered:
            assert self.reflexive_address == self.address
        self._arrived.set()

    @override
    def on_rtp(self, datagram: bytes) -> None:
        packet = self.open_rtp(datagram)
        assert packet is not None
        self.rtp.append(packet)

    @override
    def on_rtcp(self, datagram: bytes) -> None:
        compound = self.open_rtcp(datagram)
        assert compound is not None
        self.rtcp.append(compound)
